#include "reports/html/windows.h"

#include "tests/base/expect.h"
#include "tests/reports/html/read.h"
#include "tests/reports/small_result.h"

namespace isobatch {
namespace {

TEST(WindowsPart, SaysInWordsWhatEachUpdateHeld) {
    Result result = small_result();
    result.records[1].evidence.missing = {3, 6};
    const std::string text = read_part(windows_part(result)).text;
    EXPECT_TRUE(says(text, "never trained on the window of the reference's step 3, 6"));
    EXPECT_TRUE(says(text, "step 2 holds the samples that the first epoch had at this place"));
    EXPECT_TRUE(says(text, "step 3 holds the samples that the first epoch had at this place, once the run was restar"));
    EXPECT_TRUE(says(text, "step 4 holds what follows one micro-batch for each update before the restart"));
    EXPECT_TRUE(says(text, "step 5 holds only some of a window's samples"));
    EXPECT_TRUE(says(text, "step 6 holds its window's samples and more"));
    EXPECT_TRUE(says(text, "step 7 holds the samples of its first micro-batch again and again"));
    EXPECT_TRUE(says(text, "step 8 holds the right samples on its first device only"));
    EXPECT_TRUE(says(text, "step 9 holds samples of several windows, or in other numbers"));
    EXPECT_TRUE(says(text, "no weights could be read: 3 parameters cannot tell 4 samples apart"));
    EXPECT_EQ(windows_part(assemble("", {}, {}, {})), "");
}

TEST(WindowsPart, OfALongLedgerTheRestIsCounted) {
    Result result = small_result();
    Evidence& evidence = result.records[0].evidence;
    for (int i = 1; i <= 1000; ++i) {
        evidence.missing.push_back(i);
        evidence.strangers.push_back(i);
        evidence.strays.push_back({Stray::first_epoch, Stray::part});
    }
    const std::string text = read_part(windows_part(result)).text;
    EXPECT_TRUE(says(text, "24, … (1000 in all)"));
    EXPECT_TRUE(says(text, "and 976 more such steps"));
    EXPECT_TRUE(says(text, "step 1 holds the samples that the first epoch had at this place, or holds only some of"));
}

}  // namespace
}  // namespace isobatch
