#include "reports/progress.h"

#include <algorithm>
#include <limits>
#include <thread>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

constexpr int largest = std::numeric_limits<int>::max();

std::string bar_of(int done, int total) {
    const std::string line = progress_line(done, total, 10, "x");
    return line.substr(0, line.find(']') + 1);
}

/// Without the seconds that are left.
std::string without_times(std::string text) {
    for (auto at = text.find(" s left"); at != std::string::npos; at = text.find(" s left", at + 1))
        while (at > 0 && text[at - 1] >= '0' && text[at - 1] <= '9') text.erase(--at, 1);
    return text;
}

TEST(ProgressLine, SaysHowFarHowLongAndWhat) {
    EXPECT_EQ(progress_line(7, 15, 14, "4x2x2"), "[###########-------------] 7/15  16 s left  4x2x2");
    EXPECT_EQ(progress_line(0, 15, 3, "16x1x1"), "[------------------------] 0/15  …  16x1x1");
    EXPECT_EQ(progress_line(15, 15, 30, ""), "[########################] 15/15  0 s left  ");
}

TEST(ProgressLine, TheBarIsFullAtTheEndAndNotBefore) {
    EXPECT_EQ(bar_of(1, 24), "[#-----------------------]");
    EXPECT_EQ(bar_of(23, 24), "[#######################-]");
    EXPECT_EQ(bar_of(999, 1000), "[#######################-]");
    EXPECT_EQ(bar_of(1, 3), "[########----------------]");
    EXPECT_EQ(bar_of(24, 24), "[########################]");
}

TEST(ProgressLine, AnyNumbersGiveABarOfOneWidth) {
    for (const int total : {0, -1, 1, 5, largest, std::numeric_limits<int>::min()})
        for (const int done : {0, 1, -1, 5, 9, largest, std::numeric_limits<int>::min()}) {
            const std::string bar = bar_of(done, total);
            EXPECT_EQ(bar.size(), 26u) << done << " of " << total;
            EXPECT_EQ(std::count(bar.begin(), bar.end(), '#') + std::count(bar.begin(), bar.end(), '-'), 24);
            EXPECT_EQ(progress_line(done, total, 1, "").find("nan"), std::string::npos);
            EXPECT_EQ(progress_line(done, total, 1, "").find("  -"), std::string::npos) << "a time that is past";
        }
    EXPECT_TRUE(says(progress_line(0, 0, 5, "x"), "0/0  …  x"));
    EXPECT_TRUE(says(progress_line(9, 5, 5, "x"), "9/5  0 s left"));
}

TEST(ProgressLine, PrintsNoControlCharacter) {
    EXPECT_TRUE(says(progress_line(1, 2, 3, "a\n\x1b[2J"), "a\\n\\x1b[2J"));
}

TEST(Progress, DrawsOnlyWhereItIsSeenAndOnlyLongWork) {
    testing::internal::CaptureStderr();
    {
        Progress soon(3, true), hidden(3, false), seen(3, true);
        soon.show(1, "too soon");
        std::this_thread::sleep_for(std::chrono::milliseconds(2050));
        hidden.show(1, "nobody looks");
        hidden.clear();
        seen.show(1, "first");
        seen.show(2, "second");
    }
    const std::string drawn = without_times(testing::internal::GetCapturedStderr());
    EXPECT_TRUE(
        drawn.starts_with("\r\x1b[K[########----------------] 1/3   s left  first\r\x1b[K[################--------] "
                          "2/3   s left  second"))
        << drawn;
    EXPECT_TRUE(drawn.ends_with("second\r\x1b[K")) << "the line is cleared once, at the end";
}

TEST(Progress, ClearsOnlyWhatItDrew) {
    testing::internal::CaptureStderr();
    {
        Progress progress(3, true);
        progress.clear();
    }
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace isobatch
