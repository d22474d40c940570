#include "cases/labelled.h"

#include <set>

#include <gtest/gtest.h>

#include "cases/rows.h"

namespace isobatch {

TEST(Labelled, EveryUnitHasAClassAndWhatIsBehindARowIsIgnored) {
    const Dataset data = labelled_rows({.samples = 40, .lengths = Lengths::ragged, .seed = Seed{1}}, 9, 8, 4);
    std::set<std::int64_t> classes;
    for (std::int64_t row = 0; row < data.size(); ++row) {
        const std::int64_t other = (row + 1) % data.size(), both[] = {row, other};
        const at::Tensor targets = data.pick(both)[1].select(0, 0);
        const auto units = static_cast<std::int64_t>(data.units[static_cast<std::size_t>(row)]);
        for (std::int64_t t = 0; t < targets.size(0); ++t) {
            const auto target = targets[t].item<std::int64_t>();
            EXPECT_EQ(target == ignored, t >= units);
            classes.insert(target);
        }
    }
    EXPECT_EQ(classes, (std::set<std::int64_t>{ignored, 0, 1, 2, 3}));
}

}  // namespace isobatch
