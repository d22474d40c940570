#include "run/buffers.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>

#include "run/matrix.h"
#include "run/reference.h"
#include "small_trial.h"

namespace isobatch {

namespace {

Trial of_pictures(const Split& split) {
    Trial trial = small_trial(split);
    trial.subject = "batch-norm";
    return trial;
}

Replica replica_of(const Trial& trial) {
    return make_replica(find_case(trial.subject), trial, 0, 6);
}

/// What a window's buffers should be, by each kind that is recorded of them.
std::map<std::string, Made> made_by(const Trial& trial, const std::function<void(Decisions&)>& change = nullptr) {
    const Trace reference = make_reference(trial);
    const Forcing forcing(reference);
    isobatch::Setup setup = make_setup(trial);
    if (change) change(setup.decisions);
    return run_trial(setup, Level::grads, &forcing, "xxh3:1").ranks.back().at(1).made;
}

bool same(const Made& made) {
    return made.found == made.owed && made.first.empty();
}

}  // namespace

TEST(Buffers, AreWhatAModelKeepsBesideItsParameters) {
    const Replica statistics = replica_of(of_pictures({2, 2, 1}));
    EXPECT_EQ(buffer_names(statistics),
              (std::vector<std::string>{"norm.running_mean", "norm.running_var", "norm.num_batches_tracked"}));
    EXPECT_EQ(buffers_of(statistics).size(), 3U);
    EXPECT_EQ(buffer_digests(statistics).size(), 3U);
    EXPECT_TRUE(buffer_digests(statistics).contains("buffer/norm.running_mean"));
    const Replica none = replica_of(small_trial({2, 2, 1}));
    EXPECT_TRUE(buffer_names(none).empty());
    EXPECT_TRUE(buffers_of(none).empty());
}

TEST(Buffers, ThoseThatAreOwedAreMadeFromWhatWasBeforeAndLeaveNoTrace) {
    Replica replica = replica_of(of_pictures({2, 2, 1}));
    const std::vector<at::Tensor> before = buffers_of(replica);
    const auto add = [](Replica& one) {
        const at::NoGradGuard no_grad;
        for (const at::Tensor& buffer : one.model->buffers()) at::Tensor(buffer).add_(1);
    };
    add(replica);
    const StateDigests once = buffer_digests(replica);
    add(replica);
    const StateDigests twice = buffer_digests(replica);
    EXPECT_NE(once, twice);
    EXPECT_EQ(owed_buffers(replica, before, add), once);
    EXPECT_EQ(buffer_digests(replica), twice);
}

TEST(Buffers, MayBeOfAnyDtype) {
    Replica replica = replica_of(small_trial({2, 2, 1}));
    replica.model->register_buffer("mask", at::ones({3}, at::kBool));
    const StateDigests before = buffer_digests(replica);
    EXPECT_EQ(owed_buffers(replica, buffers_of(replica), [](Replica&) {}), before);
    const at::NoGradGuard no_grad;
    replica.model->buffers()[0].zero_();
    EXPECT_NE(buffer_digests(replica), before);
}

TEST(Buffers, OfARightTrainerAreThoseOfItsForwards) {
    for (const Split& split : {Split{4, 1, 1}, Split{2, 2, 1}, Split{1, 2, 2}})
        for (const Recipe recipe : {Recipe::fp64, Recipe::fp32, Recipe::bf16_autocast}) {
            Trial trial = of_pictures(split);
            trial.recipe = recipe;
            const std::map<std::string, Made> made = made_by(trial);
            EXPECT_TRUE(same(made.at("buffer"))) << to_string(trial);
            EXPECT_TRUE(same(made.at("forwarded"))) << to_string(trial);
            EXPECT_FALSE(same(made.at("recomputed"))) << to_string(trial);
        }
}

TEST(Buffers, TellAForwardThatIsDoneTwiceFromOneThatComesLater) {
    const std::map<std::string, Made> twice = made_by(of_pictures({2, 2, 1}), [](Decisions& decide) {
        decide.forwards = [](const Window&, const Slice&) { return 2; };
    });
    EXPECT_FALSE(same(twice.at("buffer")));
    EXPECT_EQ(twice.at("buffer").first, "buffer/norm.num_batches_tracked");
    EXPECT_FALSE(same(twice.at("forwarded")));
    EXPECT_TRUE(same(twice.at("recomputed")));
    const std::map<std::string, Made> later = made_by(of_pictures({2, 2, 1}), [](Decisions& decide) {
        decide.evaluates = [](const Window&, const isobatch::Setup&, Replica& replica) {
            const at::NoGradGuard no_grad;
            replica.model->buffers()[0].add_(1);
        };
    });
    EXPECT_FALSE(same(later.at("buffer")));
    EXPECT_TRUE(same(later.at("forwarded")));
}

TEST(Buffers, OfAModelWithoutAnyAreNotRecorded) {
    for (const auto& [kind, made] : made_by(small_trial({2, 2, 1}))) EXPECT_TRUE(kind == "param" || kind == "opt");
}

TEST(Buffers, AreNamedInTheManifestOfEveryRun) {
    const Trial trial = of_pictures({2, 2, 1});
    const Trace reference = make_reference(trial);
    EXPECT_EQ(reference.manifest.buffers.size(), 3U);
    EXPECT_EQ(run_trial(make_setup(trial), Level::losses, nullptr, std::nullopt).manifest.buffers,
              reference.manifest.buffers);
}

}  // namespace isobatch
