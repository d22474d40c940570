#include <algorithm>

#include <gtest/gtest.h>

#include "../../base/expect.h"
#include "../../run/small_trial.h"
#include "cases/faults/faults.h"
#include "run/replica.h"

namespace isobatch {

namespace {

isobatch::Setup planted(const char* id, const char* engine = "serial") {
    Trial trial = small_trial({1, 2, 2});
    trial.engine = engine;
    isobatch::Setup setup = make_setup(trial);
    EXPECT_TRUE(plant_synchronisation(id, setup)) << id;
    return setup;
}

/// The micros of a rank with which it exchanges.
std::vector<int> exchanged(const Decisions& decisions, const Window& window, int rank) {
    std::vector<int> micros;
    for (const Slice& micro : window.micros)
        if (micro.place == rank && decisions.exchanges_with(window, micro)) micros.push_back(micro.micro);
    return micros;
}

}  // namespace

TEST(SynchronisationFaults, ChangeOneDecisionEach) {
    isobatch::Setup plain = make_setup(small_trial({1, 2, 2}));
    const Window full = plain.window(plain.batches()[0]), tail = plain.window(plain.batches()[2]);
    ASSERT_EQ(tail.micros_on(1), 1);
    EXPECT_FALSE(planted("never-synced").decisions.exchanges(full));
    const Decisions early = planted("no-sync-off-by-one").decisions, once = planted("reduced-once").decisions;
    EXPECT_EQ(exchanged(early, full, 0), (std::vector<int>{0}));
    EXPECT_EQ(exchanged(early, tail, 1), (std::vector<int>{0})) << "one micro is the last and the first";
    EXPECT_EQ(exchanged(once, full, 1), (std::vector<int>{0}));
    const Decisions always = planted("no-sync-around-backward").decisions;
    EXPECT_EQ(exchanged(always, full, 1), (std::vector<int>{0, 1}));
    EXPECT_EQ(exchanged(always, tail, 0), (std::vector<int>{1})) << "as often as the rank with one micro";
    EXPECT_EQ(planted("sum-over-devices").decisions.reduction, Reduction::sum);
    EXPECT_EQ(planted("scaled-before-wait").decisions.reduction, Reduction::own_part);
    EXPECT_EQ(planted("scaled-before-wait", "gloo:flat").decisions.reduction, Reduction::own_part);
    EXPECT_EQ(planted("two-level-order", "gloo:flat:inner=2").decisions.reduction, Reduction::last_alone);
    EXPECT_FALSE(plant_synchronisation("token-mean-of-means", plain));
}

TEST(SynchronisationFaults, ASumOfSumsCountsTheEarlierMicrosAgain) {
    const isobatch::Setup again = planted("re-reduced-sum");
    const Window full = again.window(again.batches()[0]);
    EXPECT_EQ(exchanged(again.decisions, full, 0), (std::vector<int>{0, 1}));
    for (const Slice& micro : full.micros) EXPECT_EQ(again.decisions.arrives(full, micro), micro.micro == 0 ? 2 : 1);
}

TEST(SynchronisationFaults, AThirdMicroTellsTheLastButOneFromTheFirst) {
    const isobatch::Setup setup = make_setup(small_trial({1, 3, 1}));
    const Window window = setup.window(setup.batches()[0]);
    EXPECT_EQ(exchanged(planted("no-sync-off-by-one").decisions, window, 0), (std::vector<int>{1}));
    EXPECT_EQ(exchanged(planted("reduced-once").decisions, window, 0), (std::vector<int>{0}));
}

TEST(SynchronisationFaults, TheLargestParameterIsLeftOut) {
    const std::vector<at::Tensor> parameters = make_replica(find_case("mlp"), small_trial({1, 2, 2}), 0, 1).parameters;
    const std::vector<std::size_t> rest = planted("replicated-partial").decisions.exchanged(parameters);
    EXPECT_EQ(rest.size(), parameters.size() - 1);
    for (const std::size_t p : every_one(parameters)) {
        if (std::find(rest.begin(), rest.end(), p) != rest.end()) continue;
        for (const at::Tensor& other : parameters) EXPECT_GE(parameters[p].numel(), other.numel());
    }
}

TEST(SynchronisationFaults, AStaticGraphExchangesWhateverTheTrainerDoes) {
    Trial trial = small_trial({1, 2, 2});
    trial.engine = "gloo:static";
    for (const char* id : {"never-synced", "sum-over-devices"}) {
        isobatch::Setup setup = make_setup(trial);
        EXPECT_TRUE(says(error_of([&] { plant_synchronisation(id, setup); }).problem(), "static graph")) << id;
    }
}

TEST(SynchronisationFaults, WhatDdpCannotGetWrongIsRefused) {
    Trial trial = small_trial({1, 2, 2});
    trial.engine = "gloo:view";
    isobatch::Setup setup = make_setup(trial);
    for (const char* id : {"scaled-before-wait", "two-level-order"}) {
        const Error error = error_of([&] { plant_synchronisation(id, setup); });
        EXPECT_EQ(error.where(), "--fault");
        EXPECT_TRUE(says(error.next(), "gloo:flat"));
    }
}

TEST(SynchronisationFaults, InTwoLevelsOnlyTheirOwnFaultsArePlanted) {
    Trial trial = small_trial({1, 2, 2});
    trial.engine = "serial:inner=2";
    isobatch::Setup setup = make_setup(trial);
    for (const char* id : {"never-synced", "no-sync-off-by-one", "reduced-once", "no-sync-around-backward",
                           "sum-over-devices", "scaled-before-wait"})
        EXPECT_TRUE(says(error_of([&] { plant_synchronisation(id, setup); }).next(), "inner")) << id;
    EXPECT_TRUE(plant_synchronisation("replicated-partial", setup));
}

}  // namespace isobatch
