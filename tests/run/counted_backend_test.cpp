#include "run/counted_backend.h"

#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include "side_by_side.h"

namespace isobatch {

TEST(CountedBackend, CountsCallsAndBytesAndPassesThemOn) {
    side_by_side({.places = 2}, [&](int rank, const Groups& groups) {
        take_traffic(groups);
        std::vector<at::Tensor> tensors{at::ones({3}, at::kDouble)};
        groups.all->allreduce(tensors)->wait();
        groups.all->allreduce(tensors)->wait();
        EXPECT_EQ(tensors[0][0].item<double>(), 4);
        std::vector<at::Tensor> sent{at::ones({5}, at::kFloat) * rank};
        groups.all->broadcast(sent)->wait();
        EXPECT_EQ(sent[0][4].item<float>(), 0) << "of rank 0";
        std::vector<std::vector<at::Tensor>> gathered{{at::ones({2}), at::ones({2})}};
        std::vector<at::Tensor> own{at::ones({2}) * (rank + 1)};
        groups.all->allgather(gathered, own)->wait();
        EXPECT_EQ(gathered[0][1][0].item<float>(), 2);
        std::vector<at::Tensor> map{at::ones({2}, at::kInt)};
        groups.all->allreduce(map)->wait();
        EXPECT_EQ(take_traffic(groups), (Collectives{{"all_reduce", {2, 48}},
                                                     {"all_reduce_integers", {1, 8}},
                                                     {"broadcast", {1, 20}},
                                                     {"all_gather", {1, 8}}}));
        EXPECT_TRUE(take_traffic(groups).empty());
    });
}

}  // namespace isobatch
