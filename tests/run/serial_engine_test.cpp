#include "run/serial_engine.h"

#include <limits>

#include <ATen/ops/full_like.h>
#include <gtest/gtest.h>

#include "small_trial.h"

namespace isobatch {

namespace {

SerialEngine engine(const Mesh& mesh, const Decisions& decisions = {}) {
    std::vector<Replica> replicas;
    for (int rank = 0; rank < mesh.ranks(); ++rank)
        replicas.push_back(make_replica(find_case("mlp"), small_trial({1, 1, 4}), rank, 6));
    return SerialEngine(std::move(replicas), decisions, mesh);
}

double entry(const Replica& replica) {
    return gradient_of(replica.parameters[0]).reshape({-1})[0].item<double>();
}

}  // namespace

TEST(SerialEngine, AveragesOverAllRanks) {
    SerialEngine ranks = engine({.places = 4});
    for (Replica& replica : ranks.replicas())
        replica.parameters[0].mutable_grad() = at::full_like(replica.parameters[0], replica.rank + 1.0);
    ranks.reduce(Window{});
    for (const Replica& replica : ranks.replicas()) EXPECT_DOUBLE_EQ(entry(replica), 2.5);
}

TEST(SerialEngine, RankWithoutAGradientCountsAsZero) {
    SerialEngine ranks = engine({.places = 2});
    ranks.replicas()[0].parameters[0].mutable_grad() = at::full_like(ranks.replicas()[0].parameters[0], 3.0);
    ranks.reduce(Window{});
    EXPECT_DOUBLE_EQ(entry(ranks.replicas()[0]), 1.5);
    EXPECT_DOUBLE_EQ(entry(ranks.replicas()[1]), 1.5);
}

TEST(SerialEngine, RanksDoNotShareTheResult) {
    SerialEngine ranks = engine({.places = 2});
    for (Replica& replica : ranks.replicas())
        replica.parameters[0].mutable_grad() = at::full_like(replica.parameters[0], 1.0);
    ranks.reduce(Window{});
    ranks.replicas()[0].parameters[0].mutable_grad().add_(1);
    EXPECT_DOUBLE_EQ(entry(ranks.replicas()[1]), 1);
}

TEST(SerialEngine, WhatComesAfterTheExchangeStaysOnItsRank) {
    SerialEngine ranks = engine({.places = 2});
    const Window window = make_setup(small_trial({1, 2, 2})).window({1, 0, 0, 4});
    const auto backward = [&](Replica& replica, double value) {
        at::Tensor& own = replica.parameters[0].mutable_grad();
        at::Tensor added = at::full_like(replica.parameters[0], value);
        own = own.defined() ? added.add_(own) : added;
        ranks.backward_ends(replica);
    };
    for (Replica& replica : ranks.replicas()) {
        ranks.forward_begins(replica, true, !true);
        backward(replica, replica.rank + 1.0);
        ranks.forward_begins(replica, false, !false);
        backward(replica, 10.0 * (replica.rank + 1));
    }
    ranks.reduce(window);
    EXPECT_DOUBLE_EQ(entry(ranks.replicas()[0]), 1.5 + 10);
    EXPECT_DOUBLE_EQ(entry(ranks.replicas()[1]), 1.5 + 20);
}

TEST(SerialEngine, CopiesAverageWithTheirKindAlone) {
    SerialEngine ranks = engine({.places = 2, .copies = 2});
    for (Replica& replica : ranks.replicas())
        replica.parameters[0].mutable_grad() = at::full_like(replica.parameters[0], replica.rank + 1.0);
    ranks.reduce(Window{});
    for (const Replica& replica : ranks.replicas()) EXPECT_DOUBLE_EQ(entry(replica), replica.rank % 2 ? 3 : 2);
}

TEST(SerialEngine, WhatTheLastMicrosAddIsExchangedAlone) {
    Decisions decisions;
    decisions.reduction = Reduction::last_alone;
    for (const auto& [inner, first, second] : {std::tuple{1, 15.0 + 1, 15.0 + 2}, {2, 15.0 + 1.5, 15.0 + 1.5}}) {
        SerialEngine ranks = engine({.places = 2, .inner = inner}, decisions);
        const Window window = make_setup(small_trial({1, 2, 2})).window({1, 0, 0, 4});
        for (Replica& replica : ranks.replicas())
            for (const double value : {1.0, 10.0}) {
                ranks.forward_begins(replica, value == 10, value == 10);
                at::Tensor& own = replica.parameters[0].mutable_grad();
                at::Tensor added = at::full_like(replica.parameters[0], value * (replica.rank + 1));
                own = own.defined() ? added.add_(own) : added;
                ranks.backward_ends(replica);
            }
        ranks.reduce(window);
        EXPECT_DOUBLE_EQ(entry(ranks.replicas()[0]), first);
        EXPECT_DOUBLE_EQ(entry(ranks.replicas()[1]), second);
    }
}

TEST(SerialEngine, WhatIsExchangedInBf16IsRoundedWithEachAddition) {
    Decisions decisions;
    decisions.reduction = Reduction::mean_in_bf16;
    SerialEngine ranks = engine({.places = 4}, decisions);
    for (Replica& replica : ranks.replicas())
        if (replica.rank != 1)  // a place without a gradient
            replica.parameters[0].mutable_grad() =
                at::full_like(replica.parameters[0], replica.rank == 0 ? 1024.0 : 4.0);
    ranks.reduce(Window{});
    for (const Replica& replica : ranks.replicas()) {
        EXPECT_EQ(entry(replica), 256) << "256 + 1 needs nine bits";
        EXPECT_EQ(replica.parameters[0].grad().scalar_type(), at::kDouble);
    }
}

TEST(SerialEngine, WhatIsSummedInFp16OverflowsBeforeItIsDivided) {
    Decisions decisions;
    decisions.reduction = Reduction::sum_in_fp16;
    for (const auto& [value, mean] :
         {std::pair{30000.0, 30000.0}, {40000.0, std::numeric_limits<double>::infinity()}}) {
        SerialEngine ranks = engine({.places = 2}, decisions);
        for (Replica& replica : ranks.replicas())
            replica.parameters[0].mutable_grad() = at::full_like(replica.parameters[0], value);
        ranks.reduce(Window{});
        for (const Replica& replica : ranks.replicas()) {
            EXPECT_EQ(entry(replica), mean);
            EXPECT_EQ(replica.parameters[0].grad().scalar_type(), at::kDouble);
        }
    }
}

TEST(SerialEngine, LeavesWhatItIsTold) {
    for (const auto& [reduction, first, second] :
         {std::tuple{Reduction::mean, 2.0, 2.0}, {Reduction::sum, 4.0, 4.0}, {Reduction::own_part, 0.5, 1.5}}) {
        Decisions decisions;
        decisions.reduction = reduction;
        decisions.exchanged = [](const auto&) { return std::vector<std::size_t>{0}; };
        SerialEngine ranks = engine({.places = 2}, decisions);
        for (Replica& replica : ranks.replicas())
            for (const std::size_t p : {0, 1})
                replica.parameters[p].mutable_grad() = at::full_like(replica.parameters[p], 2 * replica.rank + 1.0);
        ranks.reduce(Window{});
        EXPECT_DOUBLE_EQ(entry(ranks.replicas()[0]), first);
        EXPECT_DOUBLE_EQ(entry(ranks.replicas()[1]), second);
        EXPECT_DOUBLE_EQ(ranks.replicas()[1].parameters[1].grad().reshape({-1})[0].item<double>(), 3) << "left out";
    }
}

}  // namespace isobatch
