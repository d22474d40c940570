#include "plan/covering.h"

#include <algorithm>
#include <set>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

/// Whether every combination of every `strength` factors is in some row: by looking for each of them.
bool covers(const std::vector<Row>& rows, const std::vector<int>& levels, int strength) {
    std::vector<bool> chosen(levels.size(), false);
    std::fill(chosen.begin(), chosen.begin() + strength, true);
    do {
        std::set<Row> seen;
        double combinations = 1;
        for (const Row& row : rows) {
            Row part;
            for (std::size_t f = 0; f < levels.size(); ++f)
                if (chosen[f]) part.push_back(row[f]);
            seen.insert(part);
        }
        for (std::size_t f = 0; f < levels.size(); ++f) combinations *= chosen[f] ? levels[f] : 1;
        if (static_cast<double>(seen.size()) != combinations) return false;
    } while (std::prev_permutation(chosen.begin(), chosen.end()));
    return true;
}

TEST(CoveringRows, HoldEveryCombinationOfAnyFactors) {
    expect_law(200, [] {
        const auto levels =
            *rc::gen::container<std::vector<int>>(*rc::gen::inRange<std::size_t>(1, 6), rc::gen::inRange(1, 6));
        const int strength = *rc::gen::inRange(1, static_cast<int>(levels.size()) + 1);
        const std::vector<Row> rows = covering_rows(levels, strength);
        for (const Row& row : rows)
            for (std::size_t f = 0; f < levels.size(); ++f) RC_ASSERT(row[f] >= 0 && row[f] < levels[f]);
        RC_ASSERT(covers(rows, levels, strength));
        RC_ASSERT(static_cast<double>(rows.size()) <= full_product(levels));
        RC_ASSERT(rows == covering_rows(levels, strength));
    });
}

TEST(CoveringRows, OfAllFactorsAreTheFullProduct) {
    EXPECT_EQ(covering_rows({2, 3, 2}, 3).size(), 12u);
    EXPECT_EQ(covering_rows({4, 3, 2}, 1).size(), 4u);
    EXPECT_EQ(full_product({4, 3, 2}), 24);
}

/// Splits of 64, cases, recipes, optimizers, engines, and four factors of two: pairs in a thousandth of the product.
TEST(CoveringRows, AreFewWhereThereAreManyFactors) {
    const std::vector<int> levels{28, 4, 5, 6, 4, 2, 2, 2, 2};
    const std::vector<Row> rows = covering_rows(levels, 2);
    EXPECT_TRUE(covers(rows, levels, 2));
    EXPECT_GE(rows.size(), 28u * 6);
    EXPECT_LE(rows.size(), 28u * 6 + 12);
    EXPECT_LT(static_cast<double>(rows.size()) / full_product(levels), 1e-3);
}

TEST(CoveringRows, RefuseWhatCannotBeCovered) {
    for (const int strength : {0, -1, 4}) EXPECT_THROW(covering_rows({2, 2, 2}, strength), Error) << strength;
    EXPECT_EQ(error_of([] { covering_rows(std::vector<int>(40, 40), 3); }).where(), "--cover");
}

}  // namespace
}  // namespace isobatch
