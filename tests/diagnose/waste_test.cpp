#include "diagnose/waste.h"

#include "tests/base/expect.h"

namespace isobatch {
namespace {

Record record(const Split& split, double exchanges) {
    Record record;
    record.trial.split = split;
    record.repro = "isobatch check of " + to_string(split);
    record.traffic = {12, 3456, exchanges};
    return record;
}

TEST(Waste, OneExchangeAWindowIsNone) {
    const std::vector<Record> fine{record({4, 4, 1}, 0), record({4, 2, 2}, 1), record({2, 2, 4}, 1.5)};
    EXPECT_FALSE(waste_of(fine));
    EXPECT_FALSE(waste_of({}));
}

TEST(Waste, MoreIsSaidOfTheSplitThatPaysMost) {
    const std::vector<Record> records{record({4, 2, 2}, 2), record({2, 4, 2}, 4), record({2, 2, 4}, 2)};
    const Waste waste = waste_of(records).value();
    EXPECT_EQ(waste.summary,
              "2x4x2 exchanges its gradients 4 times a window, where once is enough: 3456 bytes in 12 collectives");
    EXPECT_TRUE(says(waste.remedy, "no_sync()"));
    EXPECT_EQ(waste.repro, "isobatch check of 2x4x2");
    EXPECT_EQ(to_json(waste), (Json{{"summary", waste.summary}, {"remedy", waste.remedy}, {"repro", waste.repro}}));
}

}  // namespace
}  // namespace isobatch
