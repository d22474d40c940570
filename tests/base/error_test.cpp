#include "base/error.h"

#include <gtest/gtest.h>

namespace isobatch {
namespace {

TEST(Error, SaysWhatWhereAndNextOnLinesOfTheirOwn) {
    const Error error("the file was altered", "a/manifest.json", "write it again");
    EXPECT_STREQ(error.what(), "the file was altered\n  where: a/manifest.json\n  next:  write it again");
    EXPECT_EQ(error.problem(), "the file was altered");
    EXPECT_EQ(error.where(), "a/manifest.json");
    EXPECT_EQ(error.next(), "write it again");
}

TEST(Error, LeavesOutWhatIsEmpty) {
    EXPECT_STREQ(Error("no", "", "").what(), "no");
    EXPECT_STREQ(Error("no", "", "do").what(), "no\n  next:  do");
    EXPECT_STREQ(Error("no", "here", "").what(), "no\n  where: here");
}

TEST(Error, KindIsTheExitCodeOfTheDesign) {
    EXPECT_EQ(Error("", "", "").exit_code(), 2);
    EXPECT_EQ(Error("", "", "", Error::Kind::usage).exit_code(), 2);
    EXPECT_EQ(Error("", "", "", Error::Kind::unfinished).exit_code(), 3);
}

}  // namespace
}  // namespace isobatch
