#include "cases/recomputed.h"

#include <ATen/ops/linear.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tanh.h>
#include <gtest/gtest.h>

#include "cases/draw.h"
#include "run/autocast.h"

namespace isobatch {

namespace {

struct Recomputed : testing::Test {
    at::Tensor weight = draw_normal({8, 8}, 1, Seed{1}).to(at::kFloat).requires_grad_();
    at::Tensor x = draw_normal({4, 8}, 1, Seed{2}).to(at::kFloat).requires_grad_();
    int runs = 0;

    at::Tensor part(const at::Tensor& input) {
        ++runs;
        return at::tanh(at::linear(input, weight));
    }
    at::Tensor both(bool again) {
        const auto run = [this](const at::Tensor& input) { return part(input); };
        return again ? recomputed(run, x, weight) : run(x);
    }
    /// The gradients of x and of the weight.
    std::pair<at::Tensor, at::Tensor> gradients(const at::Tensor& loss) {
        x.mutable_grad().reset();
        weight.mutable_grad().reset();
        loss.backward();
        return {x.grad(), weight.grad()};
    }
};

}  // namespace

TEST_F(Recomputed, RunsThePartAgainInTheBackward) {
    const at::Tensor loss = both(true).sum();
    EXPECT_EQ(runs, 1);
    const auto again = gradients(loss);
    EXPECT_EQ(runs, 2);
    const auto plain = gradients(both(false).sum());
    EXPECT_TRUE(again.first.equal(plain.first));
    EXPECT_TRUE(again.second.equal(plain.second));
}

TEST_F(Recomputed, AddsToWhatIsThere) {
    weight.mutable_grad() = at::ones({8, 8});
    both(true).sum().backward();
    const at::Tensor sum = weight.grad().clone();
    EXPECT_TRUE(sum.equal(gradients(both(false).sum()).second + 1));
}

TEST_F(Recomputed, HasTheFormatsOfTheFirstTime) {
    at::Tensor loss;
    {
        const Autocast autocast(at::kCPU, at::kBFloat16);
        loss = both(true).to(at::kFloat).sum();
    }
    const auto again = gradients(loss);  // outside of it, as every trainer runs its backward
    {
        const Autocast autocast(at::kCPU, at::kBFloat16);
        loss = both(false).to(at::kFloat).sum();
    }
    const auto plain = gradients(loss);
    EXPECT_TRUE(again.first.equal(plain.first));
    EXPECT_TRUE(again.second.equal(plain.second));
    EXPECT_FALSE(again.second.equal(gradients(both(false).sum()).second)) << "which are fewer bits";
}

}  // namespace isobatch
