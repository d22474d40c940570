#include "run/held_bytes.h"

#include <thread>

#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <c10/core/CPUAllocator.h>
#include <gtest/gtest.h>

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
    take_peak_bytes(at::kCPU);
    of_bytes(1 << 20);
    of_bytes(1 << 10);
    EXPECT_EQ(take_peak_bytes(at::kCPU) - before, 100 + (1 << 20));
    EXPECT_EQ(take_peak_bytes(at::kCPU) - before, 100) << "what is still held";
}

TEST_F(Counted, AnotherThreadMayLetGo) {
    const std::int64_t before = held_now(at::kCPU).bytes;
    at::Tensor kept = of_bytes(4096);
    std::thread([own = std::move(kept)]() mutable { own.reset(); }).join();
    EXPECT_EQ(held_now(at::kCPU).bytes, before);
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
    EXPECT_GT(large.memory_bytes_peak, half.memory_bytes_peak);
    EXPECT_EQ(half.memory_bytes_peak, again.memory_bytes_peak);
    EXPECT_EQ(large.memory_bytes_steady, half.memory_bytes_steady);
    EXPECT_GT(half.memory_bytes_peak, half.memory_bytes_steady);
    EXPECT_EQ(memory_of({8, 1, 2}).memory_bytes_peak, 0) << "two ranks share the process";
}

// What the recorder keeps for the trace is not the model's.
TEST_F(Counted, RecordingNeedsNothing) {
    const Trial trial = small_trial({2, 2, 1});
    const auto memory_at = [&](Level level) {
        const Trace trace = run_trial(make_setup(trial), level, nullptr, std::nullopt);
        std::vector<std::pair<std::int64_t, std::int64_t>> memory;
        for (const Step& step : trace.ranks[0]) memory.emplace_back(step.memory_bytes_peak, step.memory_bytes_steady);
        return memory;
    };
    EXPECT_EQ(memory_at(Level::full), memory_at(Level::losses));
}

TEST_F(Counted, TheSteadyPartIsParametersAndState) {
    Trial trial = small_trial({4, 1, 1});
    trial.optimizer = "sgd";
    const auto steady = [&] {
        return run_trial(make_setup(trial), Level::losses, nullptr, std::nullopt).ranks[0].back().memory_bytes_steady;
    };
    std::int64_t parameters = 0;
    for (const at::Tensor& parameter : make_replica(find_case(trial.subject), trial, 0, 1).parameters)
        parameters += static_cast<std::int64_t>(parameter.nbytes());
    const std::int64_t plain = steady();
    trial.optimizer = "momentum";
    EXPECT_GE(plain, parameters);
    EXPECT_EQ(steady() - plain, parameters) << "a momentum each";
}

}  // namespace isobatch
