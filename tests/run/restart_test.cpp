#include "run/restart.h"

#include <map>

#include <ATen/ops/ones_like.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>

#include "run/matrix.h"
#include "run/tensors.h"
#include "small_trial.h"

namespace isobatch {

namespace {

using State = std::map<std::string, std::vector<std::byte>>;

std::vector<std::byte> bytes_in(const at::Tensor& tensor) {
    const Tensor copy = snapshot(tensor);
    return {copy.bytes.begin(), copy.bytes.end()};
}

/// Bytes of everything that an update leaves, and of the model's buffers.
State state_of(const Replica& replica) {
    State state;
    each_state(replica, [&](const std::string& key, const at::Tensor& tensor) { state[key] = bytes_in(tensor); });
    for (const auto& buffer : replica.model->named_buffers()) state[buffer.key()] = bytes_in(buffer.value());
    return state;
}

Replica replica(const std::string& optimizer, const std::string& subject = "mlp") {
    Trial trial = small_trial({4, 1, 1});
    trial.subject = subject;
    trial.optimizer = optimizer;
    return make_replica(find_case(subject), trial, 0, 6);
}

void take_a_step(Replica& replica) {
    for (at::Tensor& parameter : replica.parameters) parameter.mutable_grad() = at::ones_like(parameter);
    replica.optimizer_step(1);
    if (replica.optimizer.averages()) replica.average();
    replica.schedule_step();
}

}  // namespace

TEST(Restart, GoesOnFromWhatWasKeptBitForBit) {
    for (const char* optimizer : {"sgd", "momentum", "nesterov", "adam", "adamw"}) {
        Replica one = replica(optimizer);
        take_a_step(one);
        take_a_step(one);
        const State kept = state_of(one);
        const std::vector<char> checkpoint = checkpoint_of(one);
        const std::vector<double> lr = one.optimizer.lr();
        take_a_step(one);
        ASSERT_NE(state_of(one), kept);
        restart_from(checkpoint, one);
        EXPECT_EQ(state_of(one), kept) << optimizer;
        EXPECT_EQ(one.optimizer.lr(), lr) << optimizer;
        EXPECT_EQ(one.counters.scheduler_steps, 2);
        EXPECT_FALSE(one.parameters[0].grad().defined()) << "a run begins without gradients";
    }
}

TEST(Restart, KeepsBuffers) {
    Replica one = replica("sgd", "batch-norm");
    const State kept = state_of(one);
    ASSERT_FALSE(one.model->buffers().empty());
    const std::vector<char> checkpoint = checkpoint_of(one);
    const at::NoGradGuard no_grad;
    for (const at::Tensor& buffer : one.model->buffers()) buffer.add_(1);
    ASSERT_NE(state_of(one), kept);
    restart_from(checkpoint, one);
    EXPECT_EQ(state_of(one), kept);
}

/// What the checkpoint of a run that has not stepped lacks, the one that goes on does not have either.
TEST(Restart, NothingIsLeftOfTheRunThatEnded) {
    Replica one = replica("adam");
    const State fresh = state_of(one);
    const std::vector<char> checkpoint = checkpoint_of(one);
    take_a_step(one);
    restart_from(checkpoint, one);
    EXPECT_EQ(state_of(one), fresh);
}

TEST(Restart, ARightTrialDoesNotShowIt) {
    for (const char* subject : {"mlp", "gpt", "batch-norm", "dropout"})
        for (const Recipe recipe : {Recipe::fp32, Recipe::bf16}) {
            Trial trial = small_trial({1, 2, 2}, recipe);
            trial.subject = subject;
            const Record plain = Matrix(nullptr, {}).run(trial);
            trial.restart = 2;
            const Record restarted = Matrix(nullptr, {}).run(trial);
            EXPECT_LE(restarted.verdict.outcome, Outcome::equivalent) << subject;
            EXPECT_EQ(restarted.verdict.margin, plain.verdict.margin) << subject;
        }
}

}  // namespace isobatch
