#include "run/process_group.h"

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include "side_by_side.h"

namespace isobatch {

TEST(ProcessGroup, RanksMeetAndSum) {
    std::vector<double> sums(3);
    side_by_side(3, [&](int rank, const ProcessGroup& group) {
        EXPECT_EQ(group->getRank(), rank);
        EXPECT_EQ(group->getSize(), 3);
        std::vector<at::Tensor> own{at::full({4}, rank + 1.0, at::kDouble)};
        group->allreduce(own)->wait();
        sums[static_cast<std::size_t>(rank)] = own[0][3].item<double>();
    });
    EXPECT_EQ(sums, (std::vector<double>{6, 6, 6}));
}

TEST(ProcessGroup, ARankThatNobodyJoinsGivesUpAtItsDeadline) {
    const TemporaryDirectory directory;
    EXPECT_ANY_THROW(join({directory / "meeting", 0, 2, 0.3}));
}

TEST(ProcessGroup, ARankThatIsLeftAloneGivesUp) {
    EXPECT_ANY_THROW(side_by_side(
        2,
        [](int rank, const ProcessGroup& group) {
            std::vector<at::Tensor> own{at::full({4}, 1.0)};
            if (rank == 0) group->allreduce(own)->wait();
        },
        1));
}

}  // namespace isobatch
