#include "run/forced_update.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/full_like.h>
#include <gtest/gtest.h>

#include "run/tensors.h"
#include "small_trial.h"

namespace isobatch {

namespace {

std::vector<at::Tensor> filled(const Replica& replica, double value) {
    std::vector<at::Tensor> list;
    for (const at::Tensor& parameter : replica.parameters) list.push_back(at::full_like(parameter, value).detach());
    return list;
}

void give(Replica& replica, const std::vector<at::Tensor>& gradients) {
    for (std::size_t p = 0; p < gradients.size(); ++p) replica.parameters[p].mutable_grad() = gradients[p].clone();
}

void step(Replica& replica) {
    replica.optimizer.step();
}

}  // namespace

TEST(ForcedUpdate, IsTheUpdateOfTheseGradientsAndLeavesNoTrace) {
    for (const char* subject : {"mlp", "gpt"}) {  // SGD with momentum, and AdamW
        Trial trial = small_trial({1, 1, 1});
        trial.subject = subject;
        for (const int steps_before : {0, 2}) {
            Replica twin = make_replica(find_case(subject), trial, 0, 6),
                    own = make_replica(find_case(subject), trial, 0, 6);
            for (int k = 0; k < steps_before; ++k)
                for (Replica* replica : {&twin, &own}) {
                    give(*replica, filled(*replica, 0.3 + k));
                    step(*replica);
                }
            give(own, filled(own, 0.7));
            const Tensors left = forced_update(own, filled(own, 0.2), step);
            EXPECT_EQ(own.parameters[0].grad().reshape({-1})[0].item<double>(), 0.7) << "its own gradient is back";
            for (std::size_t p = 0; p < own.parameters.size(); ++p)
                EXPECT_TRUE(own.parameters[p].equal(twin.parameters[p])) << own.names[p];
            EXPECT_EQ(own.optimizer.state().size(), twin.optimizer.state().size());
            EXPECT_EQ(own.counters, twin.counters);

            give(twin, filled(twin, 0.2));
            step(twin);
            for (std::size_t p = 0; p < twin.parameters.size(); ++p)
                EXPECT_TRUE(borrow(left.at("forced/param/" + twin.names[p])).equal(twin.parameters[p]));
            for (const Optimizer::Slot& slot : twin.optimizer.state())
                EXPECT_TRUE(
                    borrow(left.at("forced/opt/" + slot.name + "/" + twin.names[slot.parameter])).equal(slot.value));
            EXPECT_EQ(left.size(), twin.parameters.size() + twin.optimizer.state().size());

            step(own);  // as if nothing had been: from its own gradient
            give(twin, filled(twin, 0));
            EXPECT_FALSE(own.parameters[0].equal(twin.parameters[0]));
        }
    }
}

TEST(OwedState, IsWhatTheUpdateMakesOfTheOwnGradientAndLeavesNoTrace) {
    for (const char* subject : {"mlp", "gpt"}) {
        Trial trial = small_trial({1, 1, 1});
        trial.subject = subject;
        Replica own = make_replica(find_case(subject), trial, 0, 6);
        give(own, filled(own, 0.7));
        const StateDigests before = state_digests(own), owed = owed_state(own, step);
        EXPECT_EQ(state_digests(own), before);
        EXPECT_NE(owed, before);
        step(own);
        EXPECT_EQ(state_digests(own), owed);
    }
}

TEST(MadeOf, NamesTheFirstTensorOfEachKindThatDiffers) {
    const StateDigests right{{"opt/step/w", "s"}, {"param/a", "1"}, {"param/b", "2"}};
    const std::map<std::string, Made> same = made_of(right, right);
    for (const char* kind : {"param", "opt"}) {
        EXPECT_EQ(same.at(kind).found, same.at(kind).owed);
        EXPECT_EQ(same.at(kind).first, "");
    }
    const std::map<std::string, Made> other = made_of({{"param/a", "1"}, {"param/b", "3"}}, right);
    EXPECT_NE(other.at("param").found, other.at("param").owed);
    EXPECT_EQ(other.at("param").owed, same.at("param").owed);
    EXPECT_EQ(other.at("param").first, "param/b");
    EXPECT_NE(other.at("opt").found, other.at("opt").owed);
    EXPECT_EQ(other.at("opt").first, "opt/step/w");
}

TEST(UndecayedMade, SaysWhetherAnUpdateIsARightOneWithoutDecay) {
    Trial trial = small_trial({1, 1, 1});
    trial.subject = "gpt";
    Replica own = make_replica(find_case("gpt"), trial, 0, 6);
    give(own, filled(own, 0.7));
    const StateDigests before = state_digests(own);
    const auto undecayed = [](Replica& replica) { replica.optimizer.step(1, false); };
    const auto made = [&](const Update& update) {
        const std::vector<at::Tensor> gradients = filled(own, 0.2);
        return undecayed_made(own, gradients, forced_update(own, gradients, update), undecayed);
    };
    const Made decays = made(step), lost = made(undecayed);
    EXPECT_NE(decays.found, decays.owed);
    EXPECT_TRUE(decays.first.starts_with("param/"));
    EXPECT_EQ(lost.found, decays.owed);
    EXPECT_EQ(lost, (Made{lost.owed, lost.owed, ""}));
    EXPECT_EQ(state_digests(own), before);
}

TEST(OverflowMade, SaysWhetherAnInfiniteGradientChangesAnything) {
    Trial trial = small_trial({1, 1, 1});
    Replica own = make_replica(find_case("mlp"), trial, 0, 6);
    give(own, filled(own, 0.7));
    const StateDigests before = state_digests(own);
    const Made stepped = overflow_made(own, filled(own, 0.2), step),
               skipped = overflow_made(own, filled(own, 0.2), [](Replica&) {});
    EXPECT_NE(stepped.found, stepped.owed);
    EXPECT_EQ(skipped, (Made{stepped.owed, stepped.owed, ""}));
    const Made poisoned = overflow_made(own, filled(own, 0.2), [](Replica& replica) {
        const std::vector<at::Tensor> kept = replica.parameters;
        std::vector<at::Tensor> values;
        for (const at::Tensor& parameter : kept) values.push_back(parameter.detach().clone());
        step(replica);
        const at::NoGradGuard no_grad;
        for (std::size_t p = 0; p < kept.size(); ++p) kept[p].copy_(values[p]);
    });
    EXPECT_TRUE(poisoned.first.starts_with("opt/")) << "parameters are as they were, the optimizer is not";
    const Made averaged = overflow_made(own, filled(own, 0.2), [](Replica& replica) { replica.average(); });
    EXPECT_EQ(averaged.first, "");
    EXPECT_EQ(state_digests(own), before);
}

TEST(ForcedUpdate, AParameterThatNothingReachedIsSkipped) {
    Trial trial = small_trial({1, 1, 1});
    trial.subject = "gpt";  // weight decay would move it
    Replica own = make_replica(find_case("gpt"), trial, 0, 6);
    give(own, filled(own, 0.7));
    own.parameters[0].mutable_grad().reset();
    const at::Tensor before = own.parameters[0].detach().clone();
    const Tensors left = forced_update(own, filled(own, 0.0), step);
    EXPECT_TRUE(borrow(left.at("forced/param/" + own.names[0])).equal(before));
    EXPECT_FALSE(left.contains("forced/opt/exp_avg/" + own.names[0]));
    EXPECT_FALSE(own.parameters[0].grad().defined());
}

}  // namespace isobatch
