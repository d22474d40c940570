#include "run/certificate.h"

#include <cmath>
#include <limits>

#include <ATen/ops/addmm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/nll_loss.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace isobatch {

namespace {

at::Tensor numbers(std::vector<double> values, at::IntArrayRef shape) {
    return at::tensor(values, at::kDouble).reshape(shape);
}

}  // namespace

TEST(Certificate, TheQuantumIsTheLargestPowerOfTwoThatDividesAll) {
    EXPECT_EQ(quantum_of(numbers({0, 0.75, -2}, {3})), -2);
    EXPECT_EQ(quantum_of(numbers({48, -32}, {2})), 4);
    EXPECT_EQ(quantum_of(numbers({0x1.8p-1073, 4}, {2})), -1074);
    EXPECT_EQ(quantum_of(numbers({0, 0}, {2})), std::nullopt);
    EXPECT_EQ(quantum_of(numbers({}, {0})), std::nullopt);
}

TEST(Certificate, ASumIsBoundedByItsAbsoluteValuesOverTheQuanta) {
    const at::Tensor row = numbers({0x1p30, -0x1p30, 0.5}, {1, 3}), column = numbers({1, 1, 0.25}, {3, 1});
    const Certificate certificate = certify([&] { at::matmul(row, column); });
    // The result is 1/8, but on the way to it a sum of 2^31 with a quantum of 2^-1 · 2^-2 may stand.
    EXPECT_NEAR(certificate.bits, 31 + 3, 1e-6);
    EXPECT_EQ(certificate.widest, "aten::mm");
}

TEST(Certificate, ABiasIsPartOfTheSum) {
    const at::Tensor x = numbers({1, 2}, {1, 2}), w = numbers({1, 1}, {1, 2}), bias = numbers({0.125}, {1});
    EXPECT_NEAR(certify([&] { at::linear(x, w, bias); }).bits, std::log2(3.125) + 3, 1e-9);
    EXPECT_NEAR(certify([&] { at::linear(x, w); }).bits, std::log2(3), 1e-9);
}

TEST(Certificate, BackwardIsWatchedToo) {
    const at::Tensor x = numbers({1, 2, 3, -4}, {4, 1}), w = numbers({1}, {1, 1}).requires_grad_();
    const Certificate certificate = certify([&] { at::linear(x, w).sum().div(64).backward(); });
    EXPECT_NEAR(certificate.bits, std::log2(10), 1e-9);  // |x| summed over the rows, in the gradient and in the sum
    EXPECT_EQ(w.grad().item<double>(), 2.0 / 64);
}

TEST(Certificate, EachGradientOfAConvolutionHasItsOwnQuantum) {
    const at::Tensor x = numbers({1, -1, 1, 1}, {1, 1, 2, 2});
    const auto pass = [&](double scale) {
        const at::Tensor w = at::ones({1, 1, 1, 1}, at::kDouble).requires_grad_();
        return certify([&] { at::conv2d(x, w).mul(scale).sum().backward(); });
    };
    EXPECT_NEAR(pass(1).bits, 2, 1e-9);
    EXPECT_NEAR(pass(0.25).bits, 2, 1e-9);
}

TEST(Certificate, WhatIsNoShortNumberHasManyBits) {
    const at::Tensor x = numbers({1, 3}, {2});
    EXPECT_GT(certify([&] { x.div(3); }).bits, 50);
    EXPECT_GT(certify([&] { x.softmax(-1); }).bits, 50);
    EXPECT_EQ(certify([&] { x.mul(1024).softmax(-1); }).bits, std::log2(3));  // the scaled numbers; 0 and 1 have none
    EXPECT_EQ(certify([&] { x.mul(std::numeric_limits<double>::infinity()); }).bits,
              std::numeric_limits<double>::infinity());
}

TEST(Certificate, TheSoftmaxesSumOverTheirRows) {
    const at::Tensor weights = numbers({1, 5, 3, 7}, {1, 4});
    const auto bits = [&](at::Tensor (*softmax)(const at::Tensor&)) {
        const at::Tensor x = numbers({0, 1024, 0, 2048}, {1, 4}).requires_grad_();
        return certify([&] { softmax(x).mul(weights).sum().backward(); }).bits;
    };
    // The largest is chosen: 7 in the forward and in the gradient.
    EXPECT_NEAR(bits([](const at::Tensor& x) { return x.softmax(-1); }), std::log2(7), 1e-9);
    // -2048, -1024, -2048 and 0, weighted and summed: more than the 16 of the gradient's row.
    EXPECT_NEAR(bits([](const at::Tensor& x) { return x.log_softmax(-1); }), std::log2(2 * 1 + 5 + 2 * 3), 0.31);
}

TEST(Certificate, AnOperatorOfWhichNothingIsKnownIsRefused) {
    const at::Tensor x = numbers({0, 1}, {2});
    const Certificate certificate = certify([&] { at::exp(x); });
    EXPECT_EQ(certificate.widest, "aten::exp");
    EXPECT_EQ(certificate.bits, std::numeric_limits<double>::infinity());
}

TEST(Certificate, ArgumentsThatChangeTheSumAreRefused) {
    const at::Tensor x = numbers({1, 2}, {1, 2}), w = numbers({1, 1}, {2, 1}), bias = numbers({1}, {1, 1});
    EXPECT_EQ(certify([&] { at::addmm(bias, x, w); }).bits, 2);
    EXPECT_EQ(certify([&] { at::addmm(bias, x, w, 1, 0.75); }).bits, std::numeric_limits<double>::infinity());
    EXPECT_EQ(certify([&] { at::addmm(bias, x, w, 3); }).bits, std::numeric_limits<double>::infinity());
    const at::Tensor scores = numbers({0, -1024}, {1, 2}), target = at::zeros({1}, at::kLong);
    const auto loss = [&](const std::optional<at::Tensor>& weight, std::int64_t reduction) {
        return certify([&] { at::nll_loss(scores, target, weight, reduction); }).bits;
    };
    EXPECT_EQ(loss({}, at::Reduction::Sum), 0);
    EXPECT_EQ(loss({}, at::Reduction::Mean), std::numeric_limits<double>::infinity());
    EXPECT_EQ(loss(numbers({1, 3}, {2}), at::Reduction::Sum), std::numeric_limits<double>::infinity());
}

TEST(Certificate, WhatFp32CannotReachHasNoBits) {
    for (const double scale : {0x1p-160, 0x1p130})
        EXPECT_EQ(certify([&] { numbers({scale}, {1}).add(scale); }).bits, std::numeric_limits<double>::infinity());
}

TEST(Certificate, WhatLeavesFp64IsRefused) {
    const Certificate certificate = certify([&] { at::ones({2}, at::kFloat).mul(2); });
    EXPECT_EQ(certificate.widest, "aten::ones");
    EXPECT_EQ(certificate.bits, std::numeric_limits<double>::infinity());
}

TEST(Certificate, APassThatFailsIsNoLongerWatched) {
    EXPECT_THROW(certify([] { throw std::runtime_error("no"); }), std::runtime_error);
    const at::Tensor x = numbers({1}, {1});
    EXPECT_EQ(certify([&] { x.add(2); }).bits, std::log2(3));
}

}  // namespace isobatch
