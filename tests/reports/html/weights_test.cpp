#include "reports/html/weights.h"

#include "tests/base/expect.h"
#include "tests/reports/html/read.h"
#include "tests/reports/small_result.h"

namespace isobatch {
namespace {

TEST(WeightPicture, ShowsEveryWeightOfAFinding) {
    const Markup page = read_part(weight_picture(small_result().findings[0]));
    using Cells = std::vector<std::string>;
    EXPECT_EQ(cells_of(page, "sample-0"), (Cells{"0", "0", "1", "2.0000000000", "2.0000000000"}));
    EXPECT_EQ(cells_of(page, "sample-2"), (Cells{"0", "1", "1", "0.6666666667", "0.6666666667"}));
    EXPECT_EQ(cells_of(page, "sample-3"), (Cells{"0", "1", "0", "no gradient", "0.6666666667"}));
    EXPECT_EQ(of_class(page, "rect", "over").size(), 1u);
    EXPECT_EQ(of_class(page, "rect", "under").size(), 2u);
    EXPECT_EQ(of_class(page, "rect", "hollow").size(), 1u);
    EXPECT_EQ(of_class(page, "line", "predicted").size(), 4u);
    EXPECT_EQ(of_class(page, "line", "group").size(), 2u);  // a bracket a micro-batch
    EXPECT_TRUE(says(page.text, "100 % too much"));
    EXPECT_TRUE(says(page.text, "33.3 % too little"));
    Finding none;
    EXPECT_EQ(weight_picture(none), "");
}

TEST(WeightPicture, ABarThatCountsTooMuchRisesFromTheLineAndOneThatCountsTooLittleHangs) {
    const Markup page = read_part(weight_picture(small_result().findings[0]));
    const double one = std::stod(of_class(page, "line", "one").at(0).attributes.at("y1"));
    const Element over = of_class(page, "rect", "over").at(0), under = of_class(page, "rect", "under").at(0);
    const auto number = [](const Element& e, const char* name) { return std::stod(e.attributes.at(name)); };
    EXPECT_NEAR(number(over, "y") + number(over, "height"), one, 0.2);
    EXPECT_NEAR(number(under, "y"), one, 0.2);
    EXPECT_NEAR(number(over, "height") / number(under, "height"), 3, 0.05);  // 1 and 1/3
}

TEST(WeightPicture, OddWeightsStayInside) {
    const Markup page = read_part(weight_picture(odd_finding()));
    EXPECT_EQ(cells_of(page, "sample-0").at(3), "inf");
    EXPECT_EQ(cells_of(page, "sample-1").at(3), "-12345.6780000000");
    EXPECT_EQ(cells_of(page, "sample-2").at(3), "0.0000000000");
    for (const Element& shape : page.named("rect")) {
        const double y = std::stod(shape.attributes.at("y")), height = std::stod(shape.attributes.at("height"));
        EXPECT_TRUE(y >= 0 && y + height < 240) << y << " " << height;
    }
}

TEST(WeightPicture, UnitsThatWereReadOneByOneAreInATableOfTheirOwn) {
    Finding finding = odd_finding();
    EXPECT_FALSE(says(weight_picture(finding), "the weight of every unit"));
    for (WeightLine& line : finding.weights) line.sample += " of units";
    finding.weights[0].units_recovered = {1, 0.5};
    finding.weights[0].units_predicted = {1, 0};
    finding.weights[2].units_recovered = {0.25};
    const std::string all = weight_picture(finding), table = all.substr(all.find("the weight of every unit"));
    const Markup page = read_part("<details><summary>" + table);
    EXPECT_EQ(cells_of(page, "sample-0 of units"), (std::vector<std::string>{"1 0.5", "1 0"}));
    EXPECT_EQ(cells_of(page, "sample-2 of units"), (std::vector<std::string>{"0.25", "-"}));
    EXPECT_FALSE(says(table, "sample-1 of units"));
}

TEST(WeightPicture, OfAHugeBatchTheRestIsCounted) {
    Finding finding = odd_finding();
    finding.weights.resize(5000, finding.weights[1]);
    EXPECT_TRUE(says(weight_picture(finding), "256 of 5000 samples are shown"));
}

TEST(WeightPicture, ALongIdIsCutBetweenCharacters) {
    Finding finding = odd_finding();
    finding.weights[0].sample = "abcdefghijklmnopqrstuvw€xyz";
    finding.weights[1].sample = "abcdefghijklmnopqrstuvwx";
    const Markup page = read_part(weight_picture(finding));
    EXPECT_EQ(cells_of(page, "abcdefghijklmnopqrstuvw€… (3 more bytes)").size(), 5u);
    EXPECT_EQ(cells_of(page, "abcdefghijklmnopqrstuvwx").size(), 5u);
}

TEST(SplitWeightsPart, HasAPictureForEverySplitThatCouldBeDecoded) {
    const Markup page = read_part(split_weights_part(small_result()));
    EXPECT_EQ(page.named("figure").size(), 1u);
    EXPECT_EQ(cells_of(page, "gpt 2x2x1"), (std::vector<std::string>{"4", "0.667", "2"}));
    EXPECT_EQ(split_weights_part(assemble("", {}, {}, {})), "");
}

}  // namespace
}  // namespace isobatch
