#include "plan/recipe.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/error.h"
#include "base/text.h"

namespace isobatch {

std::string to_string(Recipe recipe) {
    switch (recipe) {
        case Recipe::fp64:
            return "fp64";
        case Recipe::fp32:
            return "fp32";
    }
    broken_promise("recipe", "unknown recipe", __FILE__, __LINE__);
}

Recipe parse_recipe(std::string_view text) {
    if (text == "fp64") return Recipe::fp64;
    if (text == "fp32") return Recipe::fp32;
    throw Error(fmt::format("unknown recipe \"{}\"", printable(text.substr(0, 80))), "--recipe", "choose fp64 or fp32");
}

double unit_roundoff(Recipe recipe) {
    switch (recipe) {
        case Recipe::fp64:
            return 0x1p-53;
        case Recipe::fp32:
            return 0x1p-24;
    }
    broken_promise("recipe", "unknown recipe", __FILE__, __LINE__);
}

double exact_bits(Recipe recipe) {
    switch (recipe) {
        case Recipe::fp64:
            return 40;  // a number that was rounded needs more, but for one in 2^13
        case Recipe::fp32:
            return 23;
    }
    broken_promise("recipe", "unknown recipe", __FILE__, __LINE__);
}

}  // namespace isobatch
