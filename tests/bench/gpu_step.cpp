/// A micro-batch of the small GPT (forward, backward, accumulation) as a captured CUDA graph beside the same one eager:
/// that the gradients of a window have the same bits, and how much longer the eager one takes, at every per_device.
/// Writes JSON; exits with 1 where bits differ, with 77 and the reason where there is no GPU.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <ATen/cuda/CUDAGraph.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
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

private:
    Setup setup_;
    Window window_;
    Replica replica_;
    std::vector<Examples> micros_;
    Examples inputs_;
};

double median_ms(const at::Device& gpu, const std::function<void()>& act) {
    std::vector<double> all;
    for (int i = -warm_ups; i < samples; ++i) {
        finish(gpu);
        const auto begin = std::chrono::steady_clock::now();
        act();
        finish(gpu);
        const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - begin;
        if (i >= 0) all.push_back(taken.count());
    }
    std::sort(all.begin(), all.end());
    return all[all.size() / 2];
}

bool same_bits(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
        const Tensor one = view_of(a[i]), other = view_of(b[i]);
        if (!std::equal(one.bytes.begin(), one.bytes.end(), other.bytes.begin(), other.bytes.end())) return false;
    }
    return true;
}

Json measured(const at::Device& gpu, std::int64_t per_device) {
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
    const double eager_ms = median_ms(gpu, [&] { steps.window(eager); });
    const double graph_ms = median_ms(gpu, [&] { steps.window(replayed); });
    fmt::print("per_device {:>2}: eager {:.3f} ms a window, graph {:.3f} ms, {:.2f} times, {} bits\n", per_device,
               eager_ms, graph_ms, eager_ms / graph_ms, same ? "the same" : "OTHER");
    return {{"per_device", per_device}, {"eager_ms", eager_ms}, {"graph_ms", graph_ms}, {"same_bits", same}};
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
    Json all = Json::array();
    bool same = true;
    for (std::int64_t per_device = 1; per_device <= effective; per_device *= 2) {
        all.push_back(measured(gpu, per_device));
        same = same && all.back().at("same_bits").get<bool>();
    }
    if (path) std::ofstream(path) << all.dump(1) << '\n';
    return same ? 0 : 1;
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
