#include "run/process_group.h"

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include "side_by_side.h"

namespace isobatch {

TEST(ProcessGroup, RanksMeetAndSum) {
    std::vector<double> sums(3);
    side_by_side({.places = 3}, [&](int rank, const Groups& groups) {
        EXPECT_EQ(groups.all->getRank(), rank);
        EXPECT_EQ(groups.all->getSize(), 3);
        std::vector<at::Tensor> own{at::full({4}, rank + 1.0, at::kDouble)};
        groups.all->allreduce(own)->wait();
        sums[static_cast<std::size_t>(rank)] = own[0][3].item<double>();
    });
    EXPECT_EQ(sums, (std::vector<double>{6, 6, 6}));
}

/// What each rank holds after it added its number over one of its groups.
std::vector<double> sums_over(ProcessGroup Groups::*group, const Mesh& mesh) {
    std::vector<double> sums(static_cast<std::size_t>(mesh.ranks()));
    side_by_side(mesh, [&](int rank, const Groups& groups) {
        std::vector<at::Tensor> own{at::full({1}, rank + 1.0, at::kDouble)};
        (groups.*group)->allreduce(own)->wait();
        sums[static_cast<std::size_t>(rank)] = own[0].item<double>();
    });
    return sums;
}

TEST(ProcessGroup, CopiesMeetOnlyThoseOfTheirKind) {
    EXPECT_EQ(sums_over(&Groups::all, {.places = 2, .copies = 2}), (std::vector<double>{1 + 3, 2 + 4, 1 + 3, 2 + 4}));
}

TEST(ProcessGroup, InnerGroupsAreNeighboursAndOuterOnesTakeOneOfEach) {
    const Mesh mesh{.places = 4, .inner = 2};
    EXPECT_EQ(sums_over(&Groups::inner, mesh), (std::vector<double>{1 + 2, 1 + 2, 3 + 4, 3 + 4}));
    EXPECT_EQ(sums_over(&Groups::outer, mesh), (std::vector<double>{1 + 3, 2 + 4, 1 + 3, 2 + 4}));
}

TEST(ProcessGroup, ARankThatNobodyJoinsGivesUpAtItsDeadline) {
    const TemporaryDirectory directory;
    EXPECT_ANY_THROW(join({directory / "meeting", 0, {.places = 2}, 0.3}));
}

TEST(ProcessGroup, ARankThatIsLeftAloneGivesUp) {
    EXPECT_ANY_THROW(side_by_side(
        {.places = 2},
        [](int rank, const Groups& groups) {
            std::vector<at::Tensor> own{at::full({4}, 1.0)};
            if (rank == 0) groups.all->allreduce(own)->wait();
        },
        1));
}

}  // namespace isobatch
