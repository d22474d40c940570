#include "reports/html/losses.h"

#include "tests/base/expect.h"
#include "tests/reports/html/read.h"
#include "tests/reports/small_result.h"

namespace isobatch {
namespace {

TEST(LossesPart, DrawsEveryStepAndSaysFromWhereNothingIsCompared) {
    const Markup page = read_part(losses_part(small_result()));
    EXPECT_EQ(page.named("svg").size(), 5u);  // a crash has no losses
    EXPECT_TRUE(says(page.text, "not compared from step 5 on"));
    EXPECT_EQ(of_class(page, "rect", "void").size(), 5u * 2);
    EXPECT_EQ(of_class(page, "circle", "own").size(), 5u * 4);
    EXPECT_EQ(of_class(page, "rect", "over").size(), 5u * 2);  // a wrong loss, and one that was not recorded
    EXPECT_EQ(losses_part(assemble("", {}, {}, {})), "");
}

TEST(LossesPart, TheTableHoldsTheNumbers) {
    Result result = small_result();
    result.records.resize(1);
    const Markup page = read_part(losses_part(result));
    EXPECT_EQ(cells_of(page, "gpt 4x1x1"),
              (std::vector<std::string>{
                  "1",    "2.5", "2.5",         "1e-12",        "0", "2", "2.75", "2.5",   "1e-12", "2.5e+11", "3",
                  "2.25", "-",   "-",           "not compared", "4", "-", "2",    "1e-12", "inf",   "5",       "2.125",
                  "-",    "-",   "not compared"}));
}

TEST(TrajectoriesPart, ShowsWhatWasAskedFor) {
    Result result = small_result();
    EXPECT_EQ(trajectories_part(result), "");
    result.records.resize(1);
    result.records[0].verdict.checks.back().losses = {{1, 2.5, 2.5, 1e-9}, {2, 2.25, std::nullopt, 0}};
    const Markup page = read_part(trajectories_part(result));
    EXPECT_EQ(page.named("svg").size(), 1u);
    EXPECT_TRUE(says(page.text, "not compared from step 2 on: trusted splits themselves come apart there"));
    EXPECT_EQ(cells_of(page, "gpt 4x1x1"),
              (std::vector<std::string>{"1", "2.5", "2.5", "1e-09", "0", "2", "2.25", "-", "-", "not compared"}));
}

TEST(LossesPart, NoNumberIsDrawnOutsideThePicture) {
    Result result = small_result();
    result.records.resize(1);
    result.records[0].verdict.checks[4].losses = {
        {1, infinite, 1, 0}, {2, not_a_number, 1, 0}, {3, 1e300, -1e300, 1}, {4, 1, 1, infinite}};
    for (const Element& shape : read_part(losses_part(result)).elements)
        for (const char* name : {"x", "y", "cx", "cy", "width", "height"})
            if (shape.attributes.contains(name)) {
                const double value = std::stod(shape.attributes.at(name));
                EXPECT_TRUE(value >= 0 && value <= 260) << shape.name << " " << name << " " << value;
            }
}

}  // namespace
}  // namespace isobatch
