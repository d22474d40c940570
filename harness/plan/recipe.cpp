#include "plan/recipe.h"

#include <cmath>
#include <vector>

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
        case Recipe::bf16:
            return "bf16";
        case Recipe::bf16_autocast:
            return "bf16-autocast";
        case Recipe::fp16_autocast:
            return "fp16-autocast";
        case Recipe::tf32:
            return "tf32";
        case Recipe::bf16_sum:
            return "bf16-sum";
        case Recipe::fp16_sum:
            return "fp16-sum";
    }
    broken_promise("recipe", "unknown recipe", __FILE__, __LINE__);
}

namespace {

/// Those that not every device runs, or an outside trainer alone.
constexpr std::array other_recipes{Recipe::tf32, Recipe::bf16_sum, Recipe::fp16_sum};

}  // namespace

Recipe parse_recipe(std::string_view text) {
    for (const Recipe recipe : other_recipes)
        if (to_string(recipe) == text) return recipe;
    std::vector<std::string> names;
    for (const Recipe recipe : known_recipes) {
        if (to_string(recipe) == text) return recipe;
        names.push_back(to_string(recipe));
    }
    throw Error(fmt::format("unknown recipe \"{}\"", printable(text.substr(0, 80))), "--recipe",
                fmt::format("choose {}, or tf32 with --device cuda", joined(names, ", ")));
}

Json to_json(Recipe recipe) {
    const std::string name = to_string(recipe);
    Json object = {{"compute", name.substr(0, name.find('-'))}};
    if (computes_narrow(recipe) && !sums_narrow(recipe)) object["accumulate"] = "fp32";
    if (name.ends_with("-autocast")) object["autocast"] = true;
    return object;
}

Recipe recipe_from_json(const Json& object, const std::string& where) {
    return reading(where, [&] {
        const auto compute = object.at("compute").get<std::string>();
        const auto accumulate = object.value("accumulate", compute);
        const bool autocast = object.value("autocast", false);
        std::vector<Recipe> recipes(known_recipes.begin(), known_recipes.end());
        recipes.insert(recipes.end(), other_recipes.begin(), other_recipes.end());
        for (const Recipe recipe : recipes) {
            const Json known = to_json(recipe);
            if (known.at("compute") == compute && known.value("accumulate", compute) == accumulate &&
                known.value("autocast", false) == autocast)
                return recipe;
        }
        throw Error(fmt::format("recipe {} that sums gradients in {}{}", printable(compute.substr(0, 80)),
                                printable(accumulate.substr(0, 80)), autocast ? ", with autocast" : ""),
                    where, "record a run whose gradients are fp32 or fp64, or of what the model computes in");
    });
}

bool needs_gpu(Recipe recipe) {
    return recipe == Recipe::tf32;
}

bool computes_narrow(Recipe recipe) {
    return recipe != Recipe::fp64 && recipe != Recipe::fp32;
}

bool sums_narrow(Recipe recipe) {
    return recipe == Recipe::bf16_sum || recipe == Recipe::fp16_sum;
}

double unit_roundoff(Recipe recipe) {
    if (sums_narrow(recipe)) return recipe == Recipe::bf16_sum ? 0x1p-8 : 0x1p-11;
    return recipe == Recipe::fp64 ? 0x1p-53 : 0x1p-24;
}

double exact_bits(Recipe recipe) {
    if (computes_narrow(recipe)) return -1;
    return recipe == Recipe::fp64 ? 40 : 23;  // in fp64 a number that was rounded needs more, but for one in 2^13
}

int sum_bits(Recipe recipe) {
    return -std::ilogb(unit_roundoff(recipe)) - 1;
}

double loss_scale(Recipe recipe) {
    return recipe == Recipe::fp16_autocast ? 0x1p7 : 1;
}

}  // namespace isobatch
