#include "run/optimizer.h"

#include <cmath>

#include <ATen/ops/full.h>
#include <ATen/ops/zeros_like.h>
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

TEST(Optimizer, NesterovLooksAhead) {
    at::Tensor p = parameter();
    Optimizer optimizer({.kind = Kind::sgd, .lr = 0.1, .momentum = 0.9, .nesterov = true}, {p});
    optimizer.step();
    EXPECT_DOUBLE_EQ(value(p), 2.0 - 0.1 * (0.5 + 0.9 * 0.5));
}

TEST(Optimizer, AdamTakesASignedStepAndDecaysThroughTheGradient) {
    at::Tensor p = at::full({2, 2}, 2.0, at::TensorOptions().dtype(at::kDouble));
    p.set_requires_grad(true);
    for (const Kind kind : {Kind::adam, Kind::adamw}) {
        p.detach().fill_(2);
        p.mutable_grad() = at::full({2, 2}, 0.5, at::TensorOptions().dtype(at::kDouble));
        Optimizer optimizer({.kind = kind, .lr = 0.1, .weight_decay = 0.25}, {p});
        optimizer.step();
        const double decayed = kind == Kind::adamw ? 2.0 * (1 - 0.1 * 0.25) : 2.0;
        EXPECT_NEAR(p.detach()[0][0].item<double>(), decayed - 0.1, 1e-8);
        EXPECT_NEAR(optimizer.state()[1].value[0][0].item<double>(), 0.1 * (kind == Kind::adam ? 1.0 : 0.5), 1e-15);
    }
}

TEST(Optimizer, OnlyMatricesDecay) {
    at::Tensor matrix = at::full({2, 2}, 2.0), bias = at::full({2}, 2.0);
    for (at::Tensor* p : {&matrix, &bias}) {
        p->set_requires_grad(true);
        p->mutable_grad() = at::zeros_like(*p);
    }
    for (const Kind kind : {Kind::sgd, Kind::adam, Kind::adamw}) {
        matrix.detach().fill_(2);
        Optimizer optimizer({.kind = kind, .lr = 0.5, .weight_decay = 0.5}, {matrix, bias});
        optimizer.set_lr(0.1);
        EXPECT_EQ(optimizer.lr(), (std::vector{0.1, 0.1}));  // of both groups
        optimizer.step();
        EXPECT_NEAR(matrix.detach()[0][0].item<double>(), 1.9, 1e-6);
        EXPECT_EQ(value(bias), 2);
    }
}

TEST(Optimizer, ItsOwnCountMayBeOfOtherSteps) {
    for (const Kind kind : {Kind::adam, Kind::adamw}) {
        at::Tensor p = parameter(), q = parameter();
        Optimizer several({.kind = kind, .lr = 0.1}, {p}), none({.kind = kind, .lr = 0.1}, {q});
        EXPECT_EQ(several.counted(), 0);
        several.step(3);
        EXPECT_EQ(several.counted(), 3);
        // The averages hold a tenth and a thousandth of the gradient, and are corrected as if after three steps.
        const double first = 0.1 * 0.5 / (1 - std::pow(0.9, 3)), second = 0.001 * 0.25 / (1 - std::pow(0.999, 3));
        EXPECT_NEAR(value(p), 2.0 - 0.1 * first / std::sqrt(second), 1e-6);
        several.step(2);
        EXPECT_EQ(several.counted(), 5);
        for (int i = 0; i < 2; ++i) {
            none.step(0);
            EXPECT_EQ(none.counted(), 0);
        }
        EXPECT_LT(value(q), 2.0 - 0.1) << "it does step";
    }
    at::Tensor p = parameter();
    Optimizer plain({.kind = Kind::sgd, .lr = 0.1}, {p});
    plain.step(3);
    EXPECT_EQ(plain.counted(), 0);
    EXPECT_DOUBLE_EQ(value(p), 2.0 - 0.1 * 0.5);
}

TEST(Optimizer, BytesAreThoseOfItsTensors) {
    const auto bytes = [](const OptimizerChoice& choice, int steps) {
        at::Tensor p = parameter();
        Optimizer optimizer(choice, {p});
        for (int i = 0; i < steps; ++i) optimizer.step();
        return optimizer.bytes() / static_cast<std::int64_t>(p.nbytes());
    };
    EXPECT_EQ(bytes({.kind = Kind::sgd, .lr = 0.1}, 2), 0);
    EXPECT_EQ(bytes({.kind = Kind::sgd, .lr = 0.1, .momentum = 0.9}, 0), 0);
    EXPECT_EQ(bytes({.kind = Kind::sgd, .lr = 0.1, .momentum = 0.9}, 2), 1);
    EXPECT_EQ(bytes({.kind = Kind::adam, .lr = 0.1}, 1), 2);
    EXPECT_EQ(bytes({.kind = Kind::adamw, .lr = 0.1, .average = 0.9}, 0), 1);
    EXPECT_EQ(bytes({.kind = Kind::adamw, .lr = 0.1, .average = 0.9}, 1), 3);
}

TEST(Chosen, IsTheCasesOwnUnlessTheTrialNamesOne) {
    const OptimizerChoice own{.kind = Kind::adamw, .lr = 3e-3, .weight_decay = 0.1, .clip_norm = 0.5, .ternary = true};
    EXPECT_EQ(chosen(own, "").kind, Kind::adamw);
    EXPECT_EQ(chosen(own, "").weight_decay, 0.1);
    for (const std::string_view name : optimizers) {
        const OptimizerChoice choice = chosen(own, std::string(name));
        EXPECT_EQ(choice.kind, name == "adam" ? Kind::adam : name == "adamw" ? Kind::adamw : Kind::sgd) << name;
        EXPECT_EQ(choice.momentum, name == "momentum" || name == "nesterov" ? 0.9 : 0) << name;
        EXPECT_EQ(choice.nesterov, name == "nesterov") << name;
        EXPECT_EQ(choice.clip_norm, 0.5) << name;
        EXPECT_TRUE(choice.ternary) << name;
        EXPECT_EQ(choice.lr, name.starts_with("adam") ? 3e-3 : 0.05) << name;
    }
    EXPECT_EQ(chosen({.lr = 0.3}, "nesterov").lr, 0.3);
    EXPECT_EQ(chosen({.lr = 0.3}, "adam").lr, 0.01);
}

TEST(Optimizer, LearningRateIsUsedFromTheNextStep) {
    at::Tensor p = parameter();
    Optimizer optimizer({.kind = Kind::sgd, .lr = 0.1}, {p});
    optimizer.set_lr(0.25);
    optimizer.step();
    EXPECT_DOUBLE_EQ(value(p), 2.0 - 0.25 * 0.5);
    EXPECT_EQ(optimizer.lr(), std::vector{0.25});
}

TEST(Optimizer, StateTravelsBitForBit) {
    for (const OptimizerChoice& choice : {OptimizerChoice{.kind = Kind::sgd, .momentum = 0.9},
                                          {.kind = Kind::sgd, .momentum = 0.9, .nesterov = true},
                                          {.kind = Kind::adam, .lr = 0.01},
                                          {.kind = Kind::adamw, .lr = 0.01, .weight_decay = 0.1}}) {
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
    const OptimizerChoice choice{.kind = Kind::sgd, .momentum = 0.9};
    Optimizer first(choice, {a}), second(choice, {b});
    first.step();
    second.set_state(0, first.state());
    const double before = value(first.state()[0].value);
    second.step();
    EXPECT_EQ(value(first.state()[0].value), before);
}

TEST(Optimizer, AnAverageFollowsTheParametersAndTravelsWithTheState) {
    for (const OptimizerChoice& choice : {OptimizerChoice{.kind = Kind::sgd, .average = 0.75},
                                          {.kind = Kind::sgd, .momentum = 0.9, .average = 0.75},
                                          {.kind = Kind::adamw, .lr = 0.01, .average = 0.75}}) {
        at::Tensor a = parameter(), b = parameter();
        Optimizer first(choice, {a}), second(choice, {b});
        ASSERT_TRUE(first.averages());
        ASSERT_EQ(first.state().size(), 1u);
        EXPECT_EQ(first.state()[0].name, "ema");
        const double before = value(first.state()[0].value);
        first.step();
        EXPECT_EQ(value(first.state()[0].value), before);
        first.average();
        EXPECT_DOUBLE_EQ(value(first.state()[0].value), 0.75 * before + 0.25 * value(a));
        b.detach().copy_(a.detach());
        second.set_state(0, first.state());
        for (Optimizer* one : {&first, &second}) {
            one->step();
            one->average();
        }
        EXPECT_TRUE(a.equal(b));
        ASSERT_EQ(first.state().size(), second.state().size());
        for (std::size_t i = 0; i < first.state().size(); ++i)
            EXPECT_TRUE(first.state()[i].value.equal(second.state()[i].value)) << first.state()[i].name;
    }
    at::Tensor alone = parameter();
    EXPECT_FALSE(Optimizer({.kind = Kind::sgd}, {alone}).averages());
}

TEST(Optimizer, AStepMayGoWithoutDecayAndTheNextOneDecaysAgain) {
    for (const Kind kind : {Kind::sgd, Kind::adam, Kind::adamw}) {
        const auto matrix = [] {
            at::Tensor p = at::full({2, 2}, 2.0, at::TensorOptions().dtype(at::kDouble));
            p.set_requires_grad(true);
            p.mutable_grad() = at::full({2, 2}, 0.5, at::TensorOptions().dtype(at::kDouble));
            return p;
        };
        at::Tensor a = matrix(), b = matrix(), c = matrix();
        Optimizer decaying({.kind = kind, .lr = 0.1, .weight_decay = 0.25}, {a}),
            other({.kind = kind, .lr = 0.1, .weight_decay = 0.25}, {c}), plain({.kind = kind, .lr = 0.1}, {b});
        EXPECT_TRUE(decaying.decays());
        EXPECT_FALSE(plain.decays());
        decaying.step(1, false);
        plain.step();
        other.step();
        EXPECT_TRUE(a.equal(b));
        EXPECT_FALSE(a.equal(c) && kind != Kind::adam);  // whose first step has the size of its rate alone
        EXPECT_TRUE(decaying.decays());
        for (Optimizer* one : {&decaying, &plain}) one->step();
        EXPECT_FALSE(a.equal(b));
    }
}

TEST(Rate, RunsFromOneToZeroAndStaysThere) {
    EXPECT_DOUBLE_EQ(rate(0, 6, 0), 1);
    EXPECT_DOUBLE_EQ(rate(3, 6, 0), 0.5);
    EXPECT_NEAR(rate(6, 6, 0), 0, 1e-16);
    EXPECT_NEAR(rate(9, 6, 0), 0, 1e-16);
    EXPECT_DOUBLE_EQ(rate(0, 0, 0), 1);
}

TEST(Rate, WarmsUpInEqualParts) {
    EXPECT_DOUBLE_EQ(rate(0, 8, 2), 1.0 / 3);
    EXPECT_DOUBLE_EQ(rate(1, 8, 2), 2.0 / 3);
    EXPECT_DOUBLE_EQ(rate(2, 8, 2), 1);
    EXPECT_DOUBLE_EQ(rate(5, 8, 2), 0.5);
    EXPECT_NEAR(rate(8, 8, 2), 0, 1e-16);
    EXPECT_DOUBLE_EQ(rate(2, 2, 2), 1);  // no step is left to fall in
}

}  // namespace isobatch
