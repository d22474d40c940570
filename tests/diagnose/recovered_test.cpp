#include "diagnose/recovered.h"

#include <cmath>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

const std::vector<double> sample_units{2, 0, 1};

Recovered by_units() {
    return {.ranks = {0, 3},
            .weights = {0.75, std::nan(""), 1},
            .stale = {0.5},
            .residual = 1e-17,
            .tensors = {"a \"b\""},
            .terms = {-2, std::nan("")},
            .units = {{0.5, 1}, {}, {1}},
            .alike = {{{0, 1}, {2, 0}}}};
}

TEST(Recovered, ReadsBackFromItsJson) {
    for (const Recovered& good :
         {by_units(), Recovered{.ranks = {0}, .weights = {1, 1}, .alike = {{{0}, {1}}}, .by_micros = "few"}}) {
        const Recovered read = recovered_from_json(parse_json(to_json(good).dump(), "file"), "file");
        EXPECT_EQ(to_json(read), to_json(good));
        EXPECT_EQ(read.alike, good.alike);
        EXPECT_EQ(read.units, good.units);
        EXPECT_EQ(read.ranks, good.ranks);
        EXPECT_EQ(read.tensors, good.tensors);
        EXPECT_EQ(read.by_micros, good.by_micros);
    }
}

TEST(Recovered, ListsThatDoNotFitEachOtherAreNotConsistent) {
    EXPECT_TRUE(is_consistent(by_units(), sample_units, 2));
    void (*damages[])(Recovered&) = {
        [](Recovered& r) { r.ranks.clear(); },
        [](Recovered& r) { r.weights.pop_back(); },
        [](Recovered& r) { r.terms.push_back(0); },
        [](Recovered& r) { r.units[0].pop_back(); },
        [](Recovered& r) { r.units[1].push_back(1); },
        [](Recovered& r) { r.units.pop_back(); },
        [](Recovered& r) { r.alike[0][0].sample = 3; },
        [](Recovered& r) { r.alike[0][0].unit = 2; },
        [](Recovered& r) { r.alike[0][1].unit.reset(); },
        [](Recovered& r) { r.units.clear(); },  // and the alike ones are units
    };
    for (const auto& damage : damages) {
        Recovered bad = by_units();
        damage(bad);
        EXPECT_FALSE(is_consistent(bad, sample_units, 2));
    }
}

TEST(Recovered, APartThatIsNoIndexIsAnError) {
    for (const Json& bad : {Json(-1), Json(0.5), Json("0"), Json(), Json(std::uint64_t{1} << 40)}) {
        Json damaged = to_json(by_units());
        damaged["alike"][0][0]["unit"] = bad;
        EXPECT_EQ(error_of([&] { reading("file", [&] { return recovered_from_json(damaged, "file"); }); }).where(),
                  "file");
    }
}

}  // namespace
}  // namespace isobatch
