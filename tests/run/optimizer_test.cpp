#include "run/optimizer.h"

#include <cmath>

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

namespace isobatch {

using Kind = OptimizerChoice::Kind;

namespace {

at::Tensor parameter() {
    at::Tensor p = at::full({3}, 2.0, at::TensorOptions().dtype(at::kDouble));
    p.set_requires_grad(true);
    p.mutable_grad() = at::full({3}, 0.5, at::TensorOptions().dtype(at::kDouble));
    return p;
}

double value(const at::Tensor& tensor) {
    return tensor.detach()[0].item<double>();
}

}  // namespace

TEST(Optimizer, SgdTakesTheTextbookStep) {
    at::Tensor p = parameter();
    Optimizer optimizer({.kind = Kind::sgd, .lr = 0.1, .momentum = 0.9}, {p});
    optimizer.step();
    EXPECT_DOUBLE_EQ(value(p), 2.0 - 0.1 * 0.5);
    optimizer.step();  // the buffer is 0.9 · 0.5 + 0.5
    EXPECT_DOUBLE_EQ(value(p), 2.0 - 0.1 * 0.5 - 0.1 * 0.95);
}

TEST(Optimizer, LearningRateIsUsedFromTheNextStep) {
    at::Tensor p = parameter();
    Optimizer optimizer({.kind = Kind::sgd, .lr = 0.1}, {p});
    optimizer.set_lr(0.25);
    optimizer.step();
    EXPECT_DOUBLE_EQ(value(p), 2.0 - 0.25 * 0.5);
    EXPECT_EQ(optimizer.lr(), 0.25);
}

TEST(Optimizer, StateTravelsBitForBit) {
    for (const OptimizerChoice choice :
         {OptimizerChoice{Kind::sgd, 0.1, 0.9, 0}, OptimizerChoice{Kind::adamw, 0.01, 0, 0.1}}) {
        at::Tensor a = parameter(), b = parameter();
        Optimizer first(choice, {a}), second(choice, {b});
        EXPECT_TRUE(first.state().empty());
        first.step();
        first.step();
        b.detach().copy_(a.detach());
        second.set_state(0, first.state());
        first.step();
        second.step();
        EXPECT_TRUE(a.equal(b));
    }
}

TEST(Optimizer, SetStateCopies) {
    at::Tensor a = parameter(), b = parameter();
    const OptimizerChoice choice{Kind::sgd, 0.1, 0.9, 0};
    Optimizer first(choice, {a}), second(choice, {b});
    first.step();
    second.set_state(0, first.state());
    const double before = value(first.state()[0].value);
    second.step();
    EXPECT_EQ(value(first.state()[0].value), before);
}

TEST(Cosine, RunsFromOneToZeroAndStaysThere) {
    EXPECT_DOUBLE_EQ(cosine(0, 6), 1);
    EXPECT_DOUBLE_EQ(cosine(3, 6), 0.5);
    EXPECT_NEAR(cosine(6, 6), 0, 1e-16);
    EXPECT_NEAR(cosine(9, 6), 0, 1e-16);
    EXPECT_DOUBLE_EQ(cosine(0, 0), 1);
}

}  // namespace isobatch
