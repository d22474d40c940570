#include "reports/html/svg.h"

#include "tests/base/expect.h"
#include "tests/reports/html/read.h"
#include "tests/reports/small_result.h"

namespace isobatch {
namespace {

TEST(Svg, EscapesWhatItIsGiven) {
    EXPECT_EQ(svg_text(1, 2, "<a>", "end"), "<text x=\"1\" y=\"2\" text-anchor=\"end\">&lt;a&gt;</text>");
    EXPECT_EQ(svg_rect(0, 1.26, 3, 4, "kind", "a \"b\""),
              "<rect class=\"kind\" x=\"0\" y=\"1.3\" width=\"3\" height=\"4\"><title>a &quot;b&quot;</title></rect>");
    EXPECT_EQ(svg(10, 20, "\"", "x"),
              "<svg viewBox=\"0 0 10 20\" width=\"10\" height=\"20\" role=\"img\" aria-label=\"&quot;\">x</svg>");
    EXPECT_EQ(svg_curve({{0, 1}, {2, -0.01}}, "k"), "<polyline class=\"k\" points=\"0,1 2,0\"/>");
    EXPECT_EQ(svg_dot(1, 2, "k"), "<circle class=\"k\" cx=\"1\" cy=\"2\" r=\"3\"/>");
    EXPECT_EQ(svg_line(1, 2, 3, 4, "k"), "<line class=\"k\" x1=\"1\" y1=\"2\" x2=\"3\" y2=\"4\"/>");
}

TEST(Svg, TicksAreRound) {
    EXPECT_EQ(ticks(0, 10, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
    EXPECT_EQ(ticks(-1, 1, 4), (std::vector<double>{-1, -0.5, 0, 0.5, 1}));
    EXPECT_EQ(ticks(3, 3, 4), std::vector<double>{3});
    EXPECT_EQ(ticks(0, infinite, 4), std::vector<double>{0});
    for (const double span : {1e-12, 0.03, 7.0, 1e9}) {
        EXPECT_GE(ticks(1, 1 + span, 5).size(), 2u) << span;
        EXPECT_LE(ticks(1, 1 + span, 5).size(), 12u) << span;
    }
}

TEST(Axis, PutsWhatLiesBeyondOnItsEnds) {
    const Axis axis{0, 10, 100, 0};
    EXPECT_EQ(axis.at(0), 100);
    EXPECT_EQ(axis.at(5), 50);
    EXPECT_EQ(axis.at(infinite), 0);
    EXPECT_EQ(axis.at(-3), 100);
    EXPECT_EQ(axis.at(not_a_number), 100);
    EXPECT_EQ((Axis{1, 1, 5, 9}.at(1)), 5);
}

}  // namespace
}  // namespace isobatch
