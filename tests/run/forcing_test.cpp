#include "run/forcing.h"

#include <algorithm>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones_like.h>
#include <gtest/gtest.h>

#include "run/reference.h"
#include "run/tensors.h"
#include "small_trial.h"

namespace isobatch {

namespace {

struct Forced : testing::Test {
    Trial trial = small_trial({2, 2, 1});
    Trace reference = make_reference(trial);
    isobatch::Setup setup = make_setup(trial);
    std::vector<Replica> replicas = [this] {
        std::vector<Replica> list;
        list.push_back(make_replica(*setup.subject, trial, 0, 6));
        return list;
    }();
    Forcing forcing{reference};

    void spoil() {
        const at::NoGradGuard no_grad;
        for (at::Tensor& parameter : replicas[0].parameters) parameter.fill_(3);
    }
};

}  // namespace

TEST_F(Forced, ReplacesParametersAndOptimizerStateByTheReferences) {
    spoil();
    forcing.apply(setup.window(setup.batches()[2]), replicas);
    const Tensors& after = reference.ranks[0][1].tensors;
    for (std::size_t i = 0; i < replicas[0].names.size(); ++i)
        EXPECT_TRUE(replicas[0].parameters[i].equal(borrow(after.at("param/" + replicas[0].names[i]))));
    const auto slots = replicas[0].optimizer.state();
    ASSERT_EQ(slots.size(), 2 * replicas[0].names.size());  // its momentum and its average
    for (const Optimizer::Slot& slot : slots)
        EXPECT_TRUE(slot.value.equal(borrow(after.at("opt/" + slot.name + "/" + replicas[0].names[slot.parameter]))));
}

TEST_F(Forced, KnowsAWindowByItsSamplesInAnyOrder) {
    Window turned = setup.window(setup.batches()[1]);
    std::reverse(turned.samples.begin(), turned.samples.end());
    EXPECT_TRUE(forcing.judged(turned));
    spoil();
    forcing.apply(turned, replicas);
    const at::Tensor after = borrow(reference.ranks[0][0].tensors.at("param/" + replicas[0].names[0]));
    EXPECT_TRUE(replicas[0].parameters[0].equal(after));
    turned.samples.pop_back();
    EXPECT_FALSE(forcing.judged(turned));
}

TEST_F(Forced, NeverTouchesGradientsScheduleOrCounters) {
    replicas[0].parameters[0].mutable_grad() = at::ones_like(replicas[0].parameters[0]);
    replicas[0].schedule_step();
    const auto lr = replicas[0].optimizer.lr();
    forcing.apply(setup.window(setup.batches()[2]), replicas);
    EXPECT_EQ(replicas[0].parameters[0].grad().sum().item<double>(),
              static_cast<double>(replicas[0].parameters[0].numel()));
    EXPECT_EQ(replicas[0].optimizer.lr(), lr);
    EXPECT_EQ(replicas[0].counters, (Counters{0, 1, 0, 0}));
}

TEST_F(Forced, LeavesTheReferenceAlone) {
    forcing.apply(setup.window(setup.batches()[2]), replicas);
    const std::string before = content_digest(reference);
    spoil();
    EXPECT_EQ(content_digest(reference), before);
}

TEST_F(Forced, FirstWindowAndStrangersStayAsTheyAre) {
    spoil();
    forcing.apply(setup.window(setup.batches()[0]), replicas);
    Window stranger = setup.window(setup.batches()[1]);
    stranger.samples[0] = setup.window(setup.batches()[0]).samples[1];
    forcing.apply(stranger, replicas);
    EXPECT_EQ(replicas[0].parameters[0].detach().reshape({-1})[0].item<double>(), 3);
    EXPECT_FALSE(forcing.judged(stranger));
}

TEST_F(Forced, JudgesFirstThreeWindowsAndEpochEdges) {
    Trial longer = trial;
    longer.samples = 27;  // windows 4 × 6 and 3, twice
    const Trace trace = make_reference(longer);
    const isobatch::Setup wide = make_setup(longer);
    const Forcing long_forcing(trace);
    std::vector<bool> judged;
    for (const Batch& batch : wide.batches()) judged.push_back(long_forcing.judged(wide.window(batch)));
    EXPECT_EQ(judged, (std::vector<bool>{true, true, true, false, false, false, true, true, false, false, false, false,
                                         false, true}));
}

}  // namespace isobatch
