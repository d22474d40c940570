#include "base/listed.h"

#include <gtest/gtest.h>

namespace isobatch {
namespace {

TEST(Listed, NamesThreeAndCountsTheOthers) {
    EXPECT_EQ(listed({}), "");
    EXPECT_EQ(listed({"a"}), "a");
    EXPECT_EQ(listed({"a", "b", "c"}), "a, b, c");
    EXPECT_EQ(listed({"a", "b", "c", "d", "e"}), "a, b, c and 2 more");
}

}  // namespace
}  // namespace isobatch
