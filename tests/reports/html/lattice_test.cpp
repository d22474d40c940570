#include "reports/html/lattice.h"

#include "tests/base/expect.h"
#include "tests/reports/html/read.h"
#include "tests/reports/small_result.h"

namespace isobatch {
namespace {

/// A cell's text; between its lines there is a space.
std::string cell(const std::string& text) {
    return text.substr(std::min(text.find_first_not_of(' '), text.size()));
}

TEST(LatticePart, HasACellForEverySplitWithItsOutcomeAndMargin) {
    const Markup page = read_part(lattice_part(small_result()));
    using Cells = std::vector<std::string>;
    EXPECT_EQ(page.named("caption").at(0).text,
              "gpt, effective batch 4 (fp64, serial, seed 1, planted token-mean-of-means)");
    EXPECT_EQ(page.named("table").size(), 2u);
    EXPECT_EQ(cell(cells_of(page, "per_device 4").at(0)), "✓ identical1 devicemargin 0.125");
    const Cells two = cells_of(page, "per_device 2");
    EXPECT_EQ(cell(two.at(0)), "? inconclusive2 devicesmargin 0.125");
    EXPECT_EQ(cell(two.at(1)), "✗ divergent1 devicemargin 3.5e+03");
    EXPECT_EQ(two.at(2), "");
    EXPECT_EQ(cell(cells_of(page, "per_device 1").at(1)), "⚠ crashed2 devices");  // a crash has no margin
    EXPECT_EQ(page.named("a").size(), 6u);
    EXPECT_EQ(of_class(page, "td", "cell divergent").size(), 2u);
}

TEST(LatticePart, SplitsOfOneShapeShareACell) {
    Result result = assemble(
        "", {small_record("gpt", {2, 2, 1}, Outcome::equivalent), small_record("gpt", {2, 2, 2}, Outcome::divergent)},
        {}, {});
    const Markup page = read_part(lattice_part(result));
    EXPECT_EQ(of_class(page, "td", "cell divergent").size(), 1u);  // the worse of the two
    EXPECT_EQ(page.named("a").size(), 2u);
}

TEST(LatticePart, WhatHasNoRoomIsCounted) {
    std::vector<Record> records;
    for (int i = 0; i < 700; ++i) {
        records.push_back(small_record("gpt", {2, 2, 1}, i == 690 ? Outcome::divergent : Outcome::equivalent));
        records.back().trial.seed = static_cast<std::uint64_t>(i);
    }
    const Markup page = read_part(lattice_part(assemble("", std::move(records), {}, {})));
    EXPECT_TRUE(says(page.text, "600 of 700 trials are shown"));
    EXPECT_EQ(of_class(page, "td", "cell divergent").size(), 1u);
}

}  // namespace
}  // namespace isobatch
