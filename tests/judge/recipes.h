#pragma once

#include <string>

#include <gtest/gtest.h>

#include "plan/recipe.h"

namespace isobatch {

/// Every precision that a trial can have; a test that takes one is named after it.
inline auto all_recipes() {
    return testing::Values(Recipe::fp64, Recipe::fp32);
}
inline std::string recipe_name(const testing::TestParamInfo<Recipe>& test) {
    return to_string(test.param);
}

}  // namespace isobatch
