#include "base/edit_distance.h"

#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(EditDistance, CountsInsertedRemovedAndReplacedLetters) {
    EXPECT_EQ(edit_distance("", ""), 0u);
    EXPECT_EQ(edit_distance("abc", ""), 3u);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
    EXPECT_EQ(edit_distance("ab", "ba"), 2u);  // no transposition: two replacements
    EXPECT_EQ(edit_distance("save_steps", "save_step"), 1u);
}

RC_GTEST_PROP(EditDistance, IsADistance, (const std::string& a, const std::string& b, const std::string& c)) {
    RC_ASSERT((edit_distance(a, b) == 0) == (a == b));
    RC_ASSERT(edit_distance(a, b) == edit_distance(b, a));
    RC_ASSERT(edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c));
}

}  // namespace
}  // namespace isobatch
