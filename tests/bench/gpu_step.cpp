/// A micro-batch of the small GPT (forward, backward, accumulation) as a captured CUDA graph beside the same one eager:
/// that the gradients of a window have the same bits, and how much longer the eager one takes, at every per_device; and
/// how much longer a window takes whose gradients are also added to exact sums, micro by micro. Then the fused
/// comparison beside a loop of torch::allclose. Writes JSON; exits with 1 where bits differ or a comparison is wrong,
/// with 77 and the reason where there is no GPU.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <ATen/cuda/CUDAGraph.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/cuda/CUDAStream.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "cuda/exact_sums.h"
#include "cuda/gaps.h"
#include "run/device.h"
#include "run/replica.h"
#include "run/setup.h"
#include "run/tensors.h"

namespace isobatch {

namespace {

constexpr std::int64_t effective = 16;
constexpr int warm_ups = 3, samples = 31;

/// One window of one split, whose micros have one shape, so that one graph serves them all.
class Steps {
public:
    explicit Steps(std::int64_t per_device)
        : setup_(make_setup({.split = {per_device, effective / per_device, 1},
                             .device = "cuda",
                             .recipe = Recipe::fp32,
                             .samples = effective,
                             .lengths = Lengths::equal})),
          window_(setup_.window(setup_.batches().at(0))),
          replica_(make_replica(*setup_.subject, setup_.trial, 0, 1)) {
        for (const Slice& micro : window_.micros) micros_.push_back(setup_.examples(window_.of(micro), at::kFloat));
        for (const at::Tensor& tensor : micros_[0]) inputs_.push_back(tensor.clone());
        for (at::Tensor& parameter : replica_.parameters) parameter.mutable_grad() = at::zeros_like(parameter);
    }

    /// What a graph is made of: no memory but its own, and its inputs always at one place.
    void micro() { setup_.subject->loss_sum(*replica_.model, inputs_).div(window_.denominator()).backward(); }

    /// A window's gradients, to which each micro adds.
    void window(const std::function<void()>& step) {
        for (const at::Tensor& parameter : replica_.parameters) parameter.grad().zero_();
        for (const Examples& micro : micros_) {
            for (std::size_t i = 0; i < micro.size(); ++i) inputs_[i].copy_(micro[i]);
            step();
        }
    }

    std::vector<at::Tensor> gradients() const {
        std::vector<at::Tensor> all;
        for (const at::Tensor& parameter : replica_.parameters)
            all.push_back(parameter.grad().to(at::kCPU, false, true));
        return all;
    }

    const std::vector<at::Tensor>& parameters() const { return replica_.parameters; }

private:
    Setup setup_;
    Window window_;
    Replica replica_;
    std::vector<Examples> micros_;
    Examples inputs_;
};

/// Of each of these, which take turns.
std::vector<double> medians_ms(const at::Device& gpu, const std::vector<std::function<void()>>& acts) {
    std::vector<std::vector<double>> all(acts.size());
    for (int i = -warm_ups; i < samples; ++i)
        for (std::size_t a = 0; a < acts.size(); ++a) {
            finish(gpu);
            const auto begin = std::chrono::steady_clock::now();
            acts[a]();
            finish(gpu);
            const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - begin;
            if (i >= 0) all[a].push_back(taken.count());
        }
    std::vector<double> medians;
    for (std::vector<double>& own : all) {
        std::sort(own.begin(), own.end());
        medians.push_back(own[own.size() / 2]);
    }
    return medians;
}

/// Sums of the gradients whose bits depend on no order, as a trainer would keep them beside or in place of its own.
class ExactGradients {
public:
    ExactGradients(const std::vector<at::Tensor>& parameters, cuda::Queue& queue) : queue_(&queue) {
        const Quantum unit = quantum_for(64, std::int64_t{1} << 16);
        for (const at::Tensor& parameter : parameters) {
            counts_.push_back(at::zeros({parameter.numel()}, parameter.options().dtype(at::kLong)));
            sums_.push_back({{unit}, counts_.back().mutable_data_ptr<std::int64_t>(), parameter.numel()});
            values_.emplace_back(parameter.grad().const_data_ptr<float>(), parameter.numel());
        }
    }

    /// What stands in the gradients: the price of an addition does not depend on the numbers.
    void add() { cuda::add(*queue_, sums_, values_); }
    bool hold() const {
        return std::all_of(sums_.begin(), sums_.end(), [](const Tally& sum) { return sum.holds(); });
    }

private:
    cuda::Queue* queue_;
    std::vector<at::Tensor> counts_;
    std::vector<cuda::ExactSumOnDevice> sums_;
    std::vector<cuda::Values> values_;
};

bool same_bits(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
        const Tensor one = view_of(a[i]), other = view_of(b[i]);
        if (!std::equal(one.bytes.begin(), one.bytes.end(), other.bytes.begin(), other.bytes.end())) return false;
    }
    return true;
}

Json measured(const at::Device& gpu, cuda::Queue& queue, std::int64_t per_device) {
    Steps steps(per_device);
    const auto eager = [&] { steps.micro(); };
    for (int i = 0; i < warm_ups; ++i) steps.window(eager);  // libraries make their plans, which no capture may
    const std::vector<at::Tensor> expected = steps.gradients();
    finish(gpu);
    at::cuda::CUDAGraph graph;
    graph.capture_begin();
    steps.micro();
    graph.capture_end();
    const auto replayed = [&] { graph.replay(); };
    steps.window(replayed);
    const bool same = same_bits(steps.gradients(), expected);
    ExactGradients exact(steps.parameters(), queue);
    const auto with_sums = [&] {
        steps.micro();
        exact.add();
    };
    const std::vector<double> ms = medians_ms(
        gpu, {[&] { steps.window(eager); }, [&] { steps.window(replayed); }, [&] { steps.window(with_sums); }});
    fmt::print(
        "per_device {:>2}: eager {:.3f} ms a window, graph {:.3f} ms ({:.2f} times, {} bits), with exact sums {:.3f} "
        "ms ({:.3f} of eager, goal 1.10{})\n",
        per_device, ms[0], ms[1], ms[0] / ms[1], same ? "the same" : "OTHER", ms[2], ms[2] / ms[0],
        exact.hold() ? "" : "; SUMS DO NOT HOLD");
    return {{"per_device", per_device},
            {"eager_ms", ms[0]},
            {"graph_ms", ms[1]},
            {"exact_sums_ms", ms[2]},
            {"right", same && exact.hold()}};
}

/// As many tensors of as many equal numbers.
Json compared(const at::Device& gpu, cuda::Queue& queue, std::int64_t tensors, std::int64_t numbers) {
    std::vector<at::Tensor> a, b;
    std::vector<cuda::PairOfValues> pairs;
    for (std::int64_t i = 0; i < tensors; ++i) {
        a.push_back(at::rand({numbers}, at::TensorOptions().device(gpu)));
        b.push_back(a.back().clone());
        pairs.push_back({{a.back().const_data_ptr<float>(), numbers}, {b.back().const_data_ptr<float>(), numbers}});
    }
    bool right = true;
    const auto loop = [&] {
        for (std::size_t i = 0; i < a.size(); ++i) right = right && at::allclose(a[i], b[i]);
    };
    const auto fused = [&] {
        for (const Gap& gap : cuda::gaps(queue, pairs, 0)) right = right && gap.over == 0;
    };
    const std::vector<double> ms = medians_ms(gpu, {loop, fused});
    fmt::print(
        "{} tensors of {} numbers: a loop of torch::allclose {:.3f} ms, the fused comparison {:.3f} ms, {:.1f} times "
        "(goal 9){}\n",
        tensors, numbers, ms[0], ms[1], ms[0] / ms[1], right ? "" : ", WRONG");
    return {{"tensors", tensors}, {"numbers", numbers}, {"allclose_ms", ms[0]}, {"fused_ms", ms[1]}, {"right", right}};
}

int run(const char* path) {
    const at::Device gpu = device_of("cuda");
    try {
        prepare(gpu);
    } catch (const Error& error) {
        fmt::print("skipped: {}\n", error.problem());
        return 77;
    }
    // No capture is possible on the default stream, and what a backward adds to remembers the stream it was first used
    // on.
    const c10::impl::VirtualGuardImpl guard(gpu.type());
    guard.exchangeStream(guard.getStreamFromGlobalPool(gpu));
    cuda::Queue queue(c10::cuda::getCurrentCUDAStream(gpu.index()).stream());
    Json all{{"windows", Json::array()}, {"comparisons", Json::array()}};
    for (std::int64_t per_device = 1; per_device <= effective; per_device *= 2)
        all["windows"].push_back(measured(gpu, queue, per_device));
    for (const auto& [tensors, numbers] : {std::pair<std::int64_t, std::int64_t>{16, 1 << 24}, {1000, 2000}})
        all["comparisons"].push_back(compared(gpu, queue, tensors, numbers));
    bool right = true;
    for (const Json& list : all)
        for (const Json& one : list) right = right && one.at("right").get<bool>();
    if (path) std::ofstream(path) << all.dump(1) << '\n';
    return right ? 0 : 1;
}

}  // namespace

}  // namespace isobatch

int main(int argc, char** argv) {
    try {
        return isobatch::run(argc > 1 ? argv[1] : nullptr);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "gpu_step: %s\n", error.what());
        return 2;
    }
}
