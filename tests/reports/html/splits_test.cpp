#include "reports/html/splits.h"

#include "tests/base/expect.h"
#include "tests/reports/html/read.h"
#include "tests/reports/small_result.h"

namespace isobatch {
namespace {

TEST(SplitsPart, HasARowForEverySplit) {
    const Result result = small_result();
    const Markup page = read_part(splits_part(result));
    const auto cells = [&](const std::string& name) { return cells_of(page, name); };
    EXPECT_EQ(cells("gpt 4x1x1").at(1), "0.125");
    EXPECT_EQ(cells("gpt 4x1x1").at(2), "1.5e-11");
    EXPECT_EQ(cells("gpt 4x1x1").at(3), "12.5");
    EXPECT_TRUE(cells("gpt 4x1x1").at(4).starts_with("2.5e-09 ≤ 64 · (E 3e-14 + u·A 5.6e-17)"));
    EXPECT_EQ(cells("gpt 2x1x2").at(2), "inf");
    EXPECT_EQ(cells("gpt 2x2x1").at(1), "3.5e+03");
    EXPECT_EQ(cells("gpt 1x2x2").at(1), "-");
    for (const Record& record : result.records) {
        EXPECT_EQ(cells(record.trial.subject + " " + to_string(record.trial.split)).size(), 5u);
        EXPECT_TRUE(says(page.text, record.repro));
        for (const CheckResult& check : record.verdict.checks)
            if (!check.message.empty()) {
                EXPECT_TRUE(says(page.text, check.message));
            }
    }
}

TEST(SplitsPart, ARowCanBeFilteredByItsOutcomeAndReachedWhereItIsWrong) {
    std::vector<std::string> outcomes, stops;
    for (const Element& row : read_part(splits_part(small_result())).named("tr"))
        if (row.attributes.contains("data-outcome")) {
            outcomes.push_back(row.attributes.at("data-outcome"));
            if (row.attributes.contains("tabindex")) stops.push_back(row.attributes.at("id"));
        }
    EXPECT_EQ(outcomes, (std::vector<std::string>{"identical", "divergent", "inconclusive", "equivalent", "crashed",
                                                  "divergent"}));
    EXPECT_EQ(stops.size(), 4u);
}

TEST(SplitsPart, OfManyRedChecksTheRestIsNamed) {
    Result result = small_result();
    for (CheckResult& check : result.records[0].verdict.checks) check.message = "wrong";
    EXPECT_TRUE(says(read_part(splits_part(result)).text, "also: grad, loss, identity, norm, param, opt"));
}

TEST(Inequality, TurnsRoundAboveWhatIsAllowed) {
    const Result result = small_result();
    EXPECT_EQ(inequality(result.records[0]), "2.5e-09 ≤ 64 · (E 3e-14 + u·A 5.6e-17)");
    EXPECT_EQ(inequality(result.records[1]), "2.5e-09 > 64 · (E 3e-14 + u·A 5.6e-17)");
    EXPECT_EQ(inequality(crashed_record({}, "", "")), "");
}

}  // namespace
}  // namespace isobatch
