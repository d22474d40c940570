#include "run/serial_engine.h"

#include <ATen/ops/full_like.h>
#include <gtest/gtest.h>

#include "small_trial.h"

namespace isobatch {

namespace {

SerialEngine engine(int ranks) {
    std::vector<Replica> replicas;
    for (int rank = 0; rank < ranks; ++rank)
        replicas.push_back(make_replica(find_case("mlp"), small_trial({1, 1, 4}), rank, 6));
    return SerialEngine(std::move(replicas));
}

double entry(const Replica& replica) {
    return gradient_of(replica.parameters[0]).reshape({-1})[0].item<double>();
}

}  // namespace

TEST(SerialEngine, AveragesOverAllRanks) {
    SerialEngine ranks = engine(4);
    for (Replica& replica : ranks.replicas())
        replica.parameters[0].mutable_grad() = at::full_like(replica.parameters[0], replica.rank + 1.0);
    ranks.reduce(Window{});
    for (const Replica& replica : ranks.replicas()) EXPECT_DOUBLE_EQ(entry(replica), 2.5);
}

TEST(SerialEngine, RankWithoutAGradientCountsAsZero) {
    SerialEngine ranks = engine(2);
    ranks.replicas()[0].parameters[0].mutable_grad() = at::full_like(ranks.replicas()[0].parameters[0], 3.0);
    ranks.reduce(Window{});
    EXPECT_DOUBLE_EQ(entry(ranks.replicas()[0]), 1.5);
    EXPECT_DOUBLE_EQ(entry(ranks.replicas()[1]), 1.5);
}

TEST(SerialEngine, RanksDoNotShareTheResult) {
    SerialEngine ranks = engine(2);
    for (Replica& replica : ranks.replicas())
        replica.parameters[0].mutable_grad() = at::full_like(replica.parameters[0], 1.0);
    ranks.reduce(Window{});
    ranks.replicas()[0].parameters[0].mutable_grad().add_(1);
    EXPECT_DOUBLE_EQ(entry(ranks.replicas()[1]), 1);
}

TEST(SerialEngine, OneRankIsLeftAlone) {
    SerialEngine ranks = engine(1);
    at::Tensor& own = ranks.replicas()[0].parameters[0].mutable_grad();
    own = at::full_like(ranks.replicas()[0].parameters[0], 7.0);
    const void* before = own.data_ptr();
    ranks.reduce(Window{});
    EXPECT_EQ(ranks.replicas()[0].parameters[0].grad().data_ptr(), before);
}

}  // namespace isobatch
