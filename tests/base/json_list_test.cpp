#include "base/json_list.h"

#include "tests/base/expect.h"

namespace isobatch {
namespace {

std::pair<Json, std::vector<Json>> read(std::string_view text) {
    std::vector<Json> taken;
    Json rest = parse_json_list(text, "file", "list", [&](const Json& entry) { taken.push_back(entry); });
    return {rest, taken};
}

TEST(ParseJsonList, GivesTheObjectsOfOneListAndKeepsTheRest) {
    const auto [rest, taken] =
        read(R"({"a": {"list": [{"x": 1}]}, "list": [{"x": {"y": [{}]}}, {}], "z": [{"x": 3}]})");
    EXPECT_EQ(taken, (std::vector<Json>{Json::parse(R"({"x": {"y": [{}]}})"), Json::object()}));
    EXPECT_EQ(rest, Json::parse(R"({"a": {"list": [{"x": 1}]}, "list": [], "z": [{"x": 3}]})"));
}

TEST(ParseJsonList, WhatIsNoObjectStays) {
    const auto [rest, taken] = read(R"({"list": [1, {"x": 1}, "two", [{"x": 2}]]})");
    EXPECT_EQ(taken.size(), 1u);
    EXPECT_EQ(rest, Json::parse(R"({"list": [1, "two", [{"x": 2}]]})"));
    for (const char* text : {R"([{"list": [{"x": 1}]}])", R"({"list": {"a": {"x": 1}}})"}) {
        const auto [whole, none] = read(text);
        EXPECT_EQ(whole, Json::parse(text));
        EXPECT_TRUE(none.empty()) << text;
    }
}

TEST(ParseJsonList, RefusesWhatParseJsonRefuses) {
    for (const char* text : {"", "{", R"({"list": [{"x": 1, "x": 2}]})", R"({"list": [{"x": 1}], "list": []})"})
        EXPECT_EQ(error_of([&] { read(text); }).where(), "file") << text;
    std::string deep = R"({"list": [)";
    for (int i = 0; i < 100; ++i) deep += "[";
    EXPECT_THROW(read(deep), Error);
}

TEST(ParseJsonList, AnErrorOfTheTakerComesThrough) {
    EXPECT_THROW(
        parse_json_list(R"({"list": [{}]})", "file", "list", [](const Json&) { throw Error("a", "file", "c"); }),
        Error);
}

}  // namespace
}  // namespace isobatch
