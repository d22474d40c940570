#pragma once

#include <numeric>
#include <tuple>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/digest.h"
#include "trace/trace.h"

namespace isobatch {

/// A tensor of this shape whose bytes count up from `first`.
inline Tensor counting_tensor(Dtype dtype, std::vector<std::int64_t> shape, unsigned char first) {
    std::size_t size = bytes_of(dtype);
    for (const std::int64_t side : shape) size *= static_cast<std::size_t>(side);
    auto owner = std::make_shared<std::vector<std::byte>>(size);
    for (std::byte& byte : *owner) byte = static_cast<std::byte>(first++);
    const std::span<const std::byte> bytes = *owner;
    return {dtype, std::move(shape), bytes, std::move(owner)};
}

/// Rank `rank`'s step `number` of a 2x2x2 run over 19 samples: three windows, the last one ragged.
inline Step small_step(int rank, int number) {
    Step step;
    step.number = number;
    step.events = {"zero", "backward 0", "reduce", "step"};
    for (int index = 0; index < (number == 3 ? 1 : 2); ++index) {
        const int first = 8 * (number - 1) + 4 * index + 2 * rank;
        Micro micro{index, {std::to_string(first), std::to_string(first + 1)}, 3.0 + first, 12, 0.1 * first, {}, 0.5,
                    0.25};
        if (number == 3 && rank == 1) micro.samples.pop_back();
        if (rank == 0) micro.weight = 1.0 / 3;
        step.micros.push_back(micro);
    }
    if (number != 2) step.loss = 1.0 / 7 + rank;
    if (number == 1) step.grad_norm = 2.5, step.clip_threshold = 1.0;
    step.lr = {1e-3 * number, 0.1};
    step.counters = {number, number + 1, number + 2, number + 3};
    step.step_ms = 1.5;
    if (rank == 0) step.processor_ms = 1.25, step.exchange_ms = 0.25, step.optimizer_ms = 0.125;
    if (rank == 0) step.memory = {6 << 20, 1 << 20, 2 << 20, 3 << 18, 4 << 18, 5 << 18, 9 << 20};
    if (number < 3) step.collectives = Collectives{{"all_reduce", {number, 1 << 20}}, {"br\"oad", {0, 0}}};
    if (rank == 0) step.trusted = Trusted{{1, 2, 3}, -0.0, 4.5, {1e-17, 0}, 3.25, 17.5};
    if (number == 1) step.free_losses = {1.0 / 3, 2.5};
    if (number == 2) step.made = {{"opt", {"xxh3:1", "xxh3:2", "opt/é"}}, {"param", {"xxh3:3", "xxh3:3", ""}}};
    if (number == 2) step.watched = Watched{{{{"betas", "[0.9,0.999]"}}}, {{"step", {2, 1.5}}}, true, 1};
    step.unknown = {{"newer", {{"all_reduce", {{"calls", 2}}}}}};
    if (number != 3) {
        step.tensors["grad/w"] = counting_tensor(Dtype::f64, {2, 3}, static_cast<unsigned char>(16 * number + rank));
        step.tensors["grad/b"] = counting_tensor(Dtype::f32, {3}, static_cast<unsigned char>(number));
        step.tensors["local/w"] = counting_tensor(Dtype::bf16, {2, 3}, 7);
    }
    return step;
}

inline Trace small_trace() {
    Trace trace;
    trace.manifest = {.trial = "gpt --splits 2x2x2",
                      .split = {2, 2, 2},
                      .engine = "serial",
                      .device = "cpu",
                      .recipe = Recipe::fp64,
                      .contract = Contract{},
                      .level = Level::full,
                      .seed = 11,
                      .steps = 3,
                      .epochs = 1,
                      .ranks = 2,
                      .parameters = {{"w", {2, 3}}, {"b", {3}}},
                      .buffers = {"mean"},
                      .follows = "xxh3:0123456789abcdef",
                      .ended = {.complete = true},
                      .provenance = {{"torch", "2.11"}, {"threads", "1"}}};
    for (int rank = 0; rank < 2; ++rank) {
        trace.ranks.emplace_back();
        for (int number = 1; number <= 3; ++number) trace.ranks.back().push_back(small_step(rank, number));
    }
    return trace;
}

// Every field of a value, so that a new one does not compile here until its way through a file is tested.

inline auto fields(const Micro& micro) {
    const auto& [index, samples, units, padded_units, loss, weight, forward_ms, backward_ms] = micro;
    return std::tie(index, samples, units, padded_units, loss, weight, forward_ms, backward_ms);
}

inline auto fields(const Trusted& trusted) {
    const auto& [sample_units, exact_loss, loss_magnitude, loss_errors, coupling, exact_bits] = trusted;
    return std::tie(sample_units, exact_loss, loss_magnitude, loss_errors, coupling, exact_bits);
}

inline auto fields(const Tensor& tensor) {
    const auto& [dtype, shape, bytes, owner] = tensor;
    return std::tuple(dtype, shape, std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

inline auto fields(const Manifest& manifest) {
    const auto& [trial, split, engine, device, recipe, contract, level, seed, steps, epochs, ranks, copies, inner,
                 parameters, buffers, follows, ended, provenance] = manifest;
    return std::tie(trial, split, engine, device, recipe, contract, level, seed, steps, epochs, ranks, copies, inner,
                    parameters, buffers, follows, ended, provenance);
}

inline void expect_same(const Step& left, const Step& right) {
    const auto plain = [](const Step& step) {
        const auto& [number, epoch, events, micros, loss, grad_norm, clip_threshold, clip_factor, lr, counters, step_ms,
                     exchange_ms, optimizer_ms, processor_ms, memory, collectives, left_over, gradient, started,
                     sketched, watched, free_losses, made, trusted, unknown, tensors] = step;
        return std::tie(number, epoch, events, loss, grad_norm, clip_threshold, clip_factor, lr, counters, step_ms,
                        exchange_ms, optimizer_ms, processor_ms, memory, collectives, left_over, gradient, started,
                        sketched, watched, free_losses, made, unknown);
    };
    EXPECT_TRUE(plain(left) == plain(right));
    ASSERT_EQ(left.micros.size(), right.micros.size());
    for (std::size_t i = 0; i < left.micros.size(); ++i)
        EXPECT_TRUE(fields(left.micros[i]) == fields(right.micros[i])) << "micro " << i;
    ASSERT_EQ(left.trusted.has_value(), right.trusted.has_value());
    EXPECT_TRUE(!left.trusted || fields(*left.trusted) == fields(*right.trusted));
    ASSERT_EQ(left.tensors.size(), right.tensors.size());
    for (const auto& [key, tensor] : left.tensors) {
        ASSERT_TRUE(right.tensors.contains(key)) << key;
        EXPECT_EQ(fields(tensor), fields(right.tensors.at(key))) << key;
    }
}

inline void expect_same(const Trace& left, const Trace& right) {
    EXPECT_TRUE(fields(left.manifest) == fields(right.manifest));
    ASSERT_EQ(left.ranks.size(), right.ranks.size());
    for (std::size_t rank = 0; rank < left.ranks.size(); ++rank) {
        ASSERT_EQ(left.ranks[rank].size(), right.ranks[rank].size()) << "rank " << rank;
        for (std::size_t k = 0; k < left.ranks[rank].size(); ++k) {
            const testing::ScopedTrace place(__FILE__, __LINE__, fmt::format("rank {}, step {}", rank, k + 1));
            expect_same(left.ranks[rank][k], right.ranks[rank][k]);
        }
    }
}

}  // namespace isobatch
