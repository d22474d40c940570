#include "diagnose/result_text.h"

#include "tests/base/expect.h"
#include "tests/diagnose/matrix.h"

namespace isobatch {
namespace {

Result some_result() {
    static const Synthetic matrix;
    std::vector<Record> records =
        records_of(matrix, {{16, 1, 1}, {4, 4, 1}, {2, 2, 4}}, loop_with(Cause::token_mean_of_means));
    records.push_back(crashed_record(matrix.trial({1, 1, 16}), "repro", "signal 9"));
    return assemble("command", std::move(records), {"tail"}, {"note"});
}

TEST(JsonText, IsTheJsonWithALineARecord) {
    Result result = some_result();
    result.command = result.records[0].repro = "\n \"records\": [";  // cannot be taken for the place of the records
    const std::string text = json_text(result);
    EXPECT_EQ(Json::parse(text), to_json(result));
    std::size_t lines = 0;
    for (std::size_t at = 0; (at = text.find("\n  {\"clauses\":", at)) != std::string::npos; ++at) ++lines;
    EXPECT_EQ(lines, result.records.size());
    EXPECT_EQ(Json::parse(json_text(assemble("", {}, {}, {}))), to_json(assemble("", {}, {}, {})));
}

TEST(ResultFromText, ReadsWhatWasWritten) {
    const Result result = some_result();
    EXPECT_EQ(to_json(result_from_text(json_text(result), "file")), to_json(result));
    EXPECT_EQ(to_json(result_from_text(to_json(result).dump(), "file")), to_json(result));
}

TEST(ResultFromText, ARecordThatIsNoneIsAnError) {
    Json json = to_json(some_result());
    for (const Json& wrong : {Json(1), Json("x"), Json(nullptr), Json::array(), Json::object()}) {
        json["records"][1] = wrong;
        EXPECT_EQ(error_of([&] { result_from_text(json.dump(), "file"); }).where(), "file") << wrong;
    }
    json["records"] = Json::object({{"a", Json::object()}});
    EXPECT_EQ(error_of([&] { result_from_text(json.dump(), "file"); }).where(), "file");
    json.erase("records");
    EXPECT_EQ(error_of([&] { result_from_text(json.dump(), "file"); }).where(), "file");
}

TEST(ResultFromText, AnotherVersionIsSaidBeforeWhatItsRecordsLack) {
    Json json = to_json(some_result());
    json["schema"] = "isobatch-result/2";
    json["records"][0].erase("verdict");
    EXPECT_TRUE(says(error_of([&] { result_from_text(json.dump(), "file"); }).what(), "isobatch-result/2"));
}

}  // namespace
}  // namespace isobatch
