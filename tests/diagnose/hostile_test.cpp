/// A record or a result that somebody else wrote is an Error or harmless, never a crash.
#include <set>
#include <string>
#include <vector>

#include "diagnose/result.h"
#include "tests/base/expect.h"
#include "tests/diagnose/matrix.h"

namespace isobatch {
namespace {

/// Every place in a JSON value.
void places_of(const Json& value, const Json::json_pointer& here, std::vector<Json::json_pointer>& places) {
    places.push_back(here);
    if (value.is_object())
        for (const auto& [key, member] : value.items()) places_of(member, here / key, places);
    for (std::size_t i = 0; value.is_array() && i < value.size(); ++i) places_of(value[i], here / i, places);
}

std::vector<Json::json_pointer> places_of(const Json& value) {
    std::vector<Json::json_pointer> places;
    places_of(value, Json::json_pointer(), places);
    return places;
}

/// A small run with a finding, a crash and stale gradients.
Json small_run() {
    const Synthetic matrix({.samples = 5, .effective = 4, .epochs = 1, .parameters = {{"weight", {9}}}});
    std::vector<Record> records = records_of(matrix, {{2, 1, 2}}, loop_with(Cause::not_zeroed_after_step));
    records.push_back(crashed_record(matrix.trial({1, 4, 1}), "repro", "signal 9"));
    return to_json(assemble("command", std::move(records), {"tail"}, {"note"}));
}

const Json& good() {
    static const Json good = small_run();
    return good;
}

/// Reads the value and uses everything in it; false when it was refused. Anything but an Error fails the test.
bool survives(const Json& value) {
    try {
        const Result result = result_from_json(value, "result.json");
        const std::string text = to_json(result).dump(-1, ' ', false, Json::error_handler_t::replace);
        return !text.empty();
    } catch (const Error& error) {
        EXPECT_TRUE(error.where().starts_with("result.json")) << error.what();
        return false;
    }
}

/// What the readers do not need: they make it again, or it is there for people.
bool optional(const std::string& place) {
    const std::string last = place.substr(place.rfind('/') + 1);
    return place.starts_with("/claims") || place.starts_with("/findings") || place == "/waste" || place == "/clauses" ||
           last == "summary" || place == "/outcome" || last == "exit_code" || last == "split" || last == "exact" ||
           last == "couples_samples" || (last == "allowed" && place.find("/losses/") == std::string::npos);
}

TEST(Hostile, TheGoodResultIsRead) {
    EXPECT_TRUE(survives(good()));
}

TEST(Hostile, AMissingFieldIsRefused) {
    for (const Json::json_pointer& place : places_of(good())) {
        if (place.empty() || !good()[place.parent_pointer()].is_object()) continue;
        Json damaged = good();
        damaged[place.parent_pointer()].erase(place.back());
        EXPECT_EQ(survives(damaged), optional(place.to_string())) << place;
    }
}

TEST(Hostile, AnyValueInAnyPlaceIsSurvived) {
    const Json strange[] = {Json(),          Json(true),       Json(-1),
                            Json(0),         Json(7),          Json(0.5),
                            Json(1e300),     Json(1ULL << 63), Json(""),
                            Json("nan"),     Json("-inf"),     Json("divergent"),
                            Json("\x1b[2J"), Json::array(),    Json::object(),
                            Json({1}),       Json({{"a", 1}}), Json(Json::array({Json::array()}))};
    for (const Json::json_pointer& place : places_of(good())) {
        if (optional(place.to_string())) continue;
        for (const Json& value : strange) {
            Json damaged = good();
            damaged[place] = value;
            survives(damaged);
        }
    }
}

TEST(Hostile, AnyListOfAnotherLengthIsSurvived) {
    for (const Json::json_pointer& place : places_of(good())) {
        if (!good()[place].is_array() || good()[place].empty()) continue;
        Json damaged = good();
        damaged[place].erase(damaged[place].begin());
        survives(damaged);
        damaged[place] = good()[place];
        damaged[place].push_back(good()[place].back());
        survives(damaged);
        damaged[place] = Json::array();
        survives(damaged);
    }
}

TEST(Hostile, TextIsNeitherRunNorShownRaw) {
    for (const char* text : {"\xff\xfe", "\x1b]0;title\x07", "<script>", "'; rm"}) {
        Json damaged = good();
        for (const char* place : {"/records/0/repro", "/records/0/evidence/windows/0/samples/0",
                                  "/records/0/verdict/checks/0/message", "/command", "/notes/0"})
            damaged[Json::json_pointer(place)] = text;
        EXPECT_TRUE(survives(damaged));
        damaged["records"][0]["trial"] = "gpt --splits " + std::string(text);
        EXPECT_FALSE(survives(damaged));
    }
}

}  // namespace
}  // namespace isobatch
