#include "run/held_bytes.h"

#include <thread>

#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include "../base/expect.h"
#include "run/matrix.h"
#include "small_trial.h"

namespace isobatch {

namespace {

struct Counted : testing::Test {
    Counted() { count_held_bytes(); }
};

at::Tensor of_bytes(std::int64_t bytes) {
    return at::ones({bytes}, at::kByte);
}

}  // namespace

TEST_F(Counted, ATensorHoldsItsBytesUntilItIsGone) {
    const std::int64_t before = held_now(at::kCPU).bytes;
    {
        const at::Tensor kept = of_bytes(1000), same = kept.view({10, 100});
        EXPECT_EQ(held_now(at::kCPU).bytes - before, 1000);
        const at::Tensor none = of_bytes(0);
        EXPECT_EQ(held_now(at::kCPU).bytes - before, 1000);
    }
    EXPECT_EQ(held_now(at::kCPU).bytes, before);
}

TEST_F(Counted, ThePeakIsOfOnePhase) {
    const std::int64_t before = held_now(at::kCPU).bytes;
    const at::Tensor kept = of_bytes(100);
    take_peaks(at::kCPU);
    of_bytes(1 << 20);
    of_bytes(1 << 10);
    EXPECT_EQ(take_peaks(at::kCPU).bytes - before, 100 + (1 << 20));
    EXPECT_EQ(take_peaks(at::kCPU).bytes - before, 100) << "what is still held";
}

TEST_F(Counted, AnotherThreadMayLetGo) {
    const std::int64_t before = held_now(at::kCPU).bytes;
    at::Tensor kept = of_bytes(4096);
    const std::int64_t here = held_by_this_thread(at::kCPU);
    std::thread([own = std::move(kept)]() mutable { own.reset(); }).join();
    EXPECT_EQ(held_now(at::kCPU).bytes, before);
    EXPECT_EQ(held_by_this_thread(at::kCPU), here) << "which it did not do";
    at::Tensor own = of_bytes(100);
    EXPECT_EQ(held_by_this_thread(at::kCPU), here + 100);
    own.reset();
    EXPECT_EQ(held_by_this_thread(at::kCPU), here);
}

TEST_F(Counted, AKernelMayAskForItsOwn) {
    const std::int64_t before = held_now(at::kCPU).bytes;
    c10::Allocator& allocator = *c10::GetCPUAllocator();
    void* scratch = allocator.raw_allocate(300);
    EXPECT_EQ(held_now(at::kCPU).bytes - before, 300);
    allocator.raw_deallocate(scratch);
    EXPECT_EQ(held_now(at::kCPU).bytes, before);
    const at::DataPtr copy = allocator.clone("isobatch", 9);
    EXPECT_STREQ(static_cast<const char*>(copy.get()), "isobatch");
}

TEST_F(Counted, DataLieWhereVectorInstructionsWantThem) {
    for (const std::int64_t bytes : {1, 63, 64, 65, 4097})
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(of_bytes(bytes).data_ptr()) % 64, 0u) << bytes;
}

TEST_F(Counted, ATensorMayGrow) {
    const std::int64_t before = held_now(at::kCPU).bytes;
    at::Tensor tensor = of_bytes(10);
    tensor.resize_({1000});
    EXPECT_EQ(tensor[9].item<int>(), 1);
    EXPECT_EQ(held_now(at::kCPU).bytes - before, 1000);
}

// Half of the samples at a time need less; the model, its gradients and its optimizer's state need the same.
TEST_F(Counted, ASmallerMicroNeedsLess) {
    const auto memory_of = [](const Split& split) {
        Trial trial = small_trial(split);
        trial.optimizer = "adam";
        const Trace trace = run_trial(make_setup(trial), Level::losses, nullptr, std::nullopt);
        return trace.ranks[0].back();
    };
    const Step large = memory_of({16, 1, 1}), half = memory_of({8, 2, 1}), again = memory_of({8, 2, 1});
    EXPECT_GT(large.memory.peak, half.memory.peak);
    EXPECT_EQ(half.memory.peak, again.memory.peak);
    EXPECT_EQ(large.memory.steady, half.memory.steady);
    EXPECT_GT(half.memory.peak, half.memory.steady);
    EXPECT_EQ(memory_of({8, 1, 2}).memory.peak, 0) << "two ranks share the process";
}

// Only what comes and goes depends on the micro; the first step begins without the optimizer's state.
TEST_F(Counted, ThePeakIsMadeOfItsParts) {
    const auto steps_of = [](const Split& split) {
        Trial trial = small_trial(split);
        trial.optimizer = "adam";
        return run_trial(make_setup(trial), Level::losses, nullptr, std::nullopt).ranks[0];
    };
    const std::vector<Step> large = steps_of({16, 1, 1}), small = steps_of({1, 16, 1});
    const Memory &most = large.back().memory, &least = small.back().memory;
    EXPECT_GT(most.parameters, 0);
    EXPECT_EQ(most.gradients, most.parameters);
    EXPECT_EQ(most.optimizer, 3 * most.parameters) << "two moments, and the average of the parameters";
    EXPECT_LE(most.buckets, 64) << "of one rank there are none: at most the loss stands";
    EXPECT_EQ(large[0].memory.optimizer, most.parameters) << "the average alone";
    EXPECT_EQ(std::tie(most.parameters, most.gradients, most.optimizer),
              std::tie(least.parameters, least.gradients, least.optimizer));
    EXPECT_GT(least.activations(), 0);
    EXPECT_GT(least.resident, least.peak) << "the libraries alone are larger";
    EXPECT_GT(most.activations(), least.activations());
}

// What the recorder keeps for the trace is not the model's.
TEST_F(Counted, RecordingNeedsNothing) {
    const Trial trial = small_trial({2, 2, 1});
    const auto memory_at = [&](Level level) {
        const Trace trace = run_trial(make_setup(trial), level, nullptr, std::nullopt);
        std::vector<Memory> memory;
        for (const Step& step : trace.ranks[0]) {
            memory.push_back(step.memory);
            memory.back().resident = 0;  // with the recorder's
        }
        return memory;
    };
    EXPECT_EQ(memory_at(Level::full), memory_at(Level::losses));
}

TEST_F(Counted, TheSteadyPartIsParametersAndState) {
    Trial trial = small_trial({4, 1, 1});
    trial.optimizer = "sgd";
    const auto steady = [&] {
        return run_trial(make_setup(trial), Level::losses, nullptr, std::nullopt).ranks[0].back().memory.steady;
    };
    std::int64_t parameters = 0;
    for (const at::Tensor& parameter : make_replica(find_case(trial.subject), trial, 0, 1).parameters)
        parameters += static_cast<std::int64_t>(parameter.nbytes());
    const std::int64_t plain = steady();
    trial.optimizer = "momentum";
    EXPECT_GE(plain, parameters);
    EXPECT_EQ(steady() - plain, parameters) << "a momentum each";
}

TEST_F(Counted, ABoundIsReachedAndNotPassed) {
    const Held before = held_now(at::kCPU);
    at::Tensor kept;
    {
        const MemoryBound bound(before, 1000);
        kept = of_bytes(600);
        take_peaks(at::kCPU);
        EXPECT_NO_THROW(of_bytes(400));
        try {
            of_bytes(401);
            FAIL() << "a byte more than there is";
        } catch (const c10::OutOfMemoryError& error) {
            EXPECT_TRUE(
                says(error.what_without_backtrace(), "401 bytes was asked for, and of 0.977 KiB others held 600 bytes"))
                << error.what_without_backtrace();
        }
        EXPECT_EQ(take_peaks(at::kCPU).bytes - before.bytes, 1000) << "what was refused was never held";
        EXPECT_EQ(held_now(at::kCPU).bytes - before.bytes, 600);
        suspend_memory_bound();
        const at::Tensor recorded = of_bytes(5000);
        resume_memory_bound({at::kCPU, before.bytes + 5000});
        EXPECT_NO_THROW(of_bytes(400));
        EXPECT_THROW(of_bytes(401), c10::OutOfMemoryError);
    }
    EXPECT_NO_THROW(of_bytes(1 << 20)) << "it is gone with its trial";
    const MemoryBound none(before, 0);
    EXPECT_NO_THROW(of_bytes(1 << 20));
}

TEST_F(Counted, WhatTheMachineHasNotIsOutOfMemoryToo) {
    EXPECT_THROW(at::empty({std::int64_t{1} << 60}, at::kByte), c10::OutOfMemoryError);
    EXPECT_NO_THROW(of_bytes(100));
}

/// What a search lives from: wherever a trial is stopped, its memory comes back and the next one has the same bits.
TEST_F(Counted, WhereverATrialRunsOutTheNextHasTheBitsOfAFreshProcess) {
    Trial trial = small_trial({2, 2, 1});
    trial.optimizer = "adam";
    const auto run = [&](std::int64_t memory) {
        trial.memory = memory;
        return run_trial(make_setup(trial), Level::full, nullptr, std::nullopt).ranks[0];
    };
    const auto bits_of = [](const std::vector<Step>& steps) {
        std::vector<std::vector<std::byte>> bits;
        for (const Step& step : steps)
            for (const auto& [key, tensor] : step.tensors) bits.emplace_back(tensor.bytes.begin(), tensor.bytes.end());
        return bits;
    };
    const auto steps = run(0);
    std::int64_t needed = 0;
    for (const Step& step : steps) needed = std::max(needed, step.memory.peak);
    const auto bits = bits_of(steps);
    const std::int64_t before = held_now(at::kCPU).bytes;
    int stopped = 0;
    for (std::int64_t memory = 1; memory < needed; memory += std::max<std::int64_t>(1, needed / 61)) {
        EXPECT_THROW(run(memory), c10::OutOfMemoryError) << memory << " of " << needed;
        ++stopped;
        EXPECT_EQ(held_now(at::kCPU).bytes, before) << "with " << memory;
        EXPECT_EQ(bits_of(run(needed)), bits) << "after one with " << memory << ", in just as much as it needs";
    }
    EXPECT_GE(stopped, 61);
    EXPECT_THROW(run(needed - 1), c10::OutOfMemoryError);
}

// A GPU's allocator does not ask: its peak is looked at when it is known, to the byte.
TEST_F(Counted, ABoundOfAGpuIsHeldToItsPeak) {
    const at::Device gpu(at::kCUDA, 0);
    {
        const MemoryBound bound({gpu, 5000}, 1000);
        EXPECT_NO_THROW(require_within_bound(gpu, 1000));
        EXPECT_THROW(require_within_bound(gpu, 1001), c10::OutOfMemoryError);
        EXPECT_NO_THROW(require_within_bound(at::kCPU, 1001)) << "where a tensor that is too much is never made";
        EXPECT_NO_THROW(of_bytes(10000)) << "which is the CPU's";
    }
    EXPECT_NO_THROW(require_within_bound(gpu, 1001));
}

}  // namespace isobatch
