#include "run/case.h"

#include <gtest/gtest.h>

#include "../base/expect.h"

namespace isobatch {

TEST(Case, RegistryHoldsTheBuiltInCases) {
    const std::vector<std::string> names = case_names();
    for (const char* name : {"gpt", "lesson", "mlp"})
        EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << name;
}

TEST(Case, UnknownNameSuggestsTheNearest) {
    const Error error = error_of([] { find_case("gtp"); });
    EXPECT_TRUE(says(error.problem(), "gtp"));
    EXPECT_TRUE(says(error.next(), "did you mean gpt"));
}

}  // namespace isobatch
