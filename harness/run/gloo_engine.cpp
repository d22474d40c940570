#include "run/gloo_engine.h"

#include <limits>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/nn/module.h>
#include <torch/csrc/distributed/c10d/reducer.hpp>

namespace isobatch {

namespace {

constexpr std::size_t broadcast_bytes = 250 * 1024 * 1024;  // DDP's own

/// DDP learns the graph of a static model in its first backward, and reduces at the end of that one.
struct DelayedReduction : torch::autograd::Function<DelayedReduction> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& loss, std::int64_t reducer) {
        context->saved_data["reducer"] = reducer;
        return loss.view_as(loss);
    }
    static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::tensor_list gradients) {
        auto* reducer = reinterpret_cast<c10d::Reducer*>(context->saved_data["reducer"].toInt());
        torch::autograd::Engine::get_default_engine().queue_callback([reducer] { reducer->delay_all_reduce(); });
        return {gradients[0], at::Tensor()};
    }
};

/// As torch.nn.parallel.DistributedDataParallel makes it.
std::unique_ptr<c10d::Reducer> make_reducer(const Replica& replica, const Exchange& exchange,
                                            const ProcessGroup& group) {
    const std::size_t first = exchange.bucket_bytes ? static_cast<std::size_t>(exchange.bucket_bytes)
                                                    : static_cast<std::size_t>(c10d::kDefaultFirstBucketBytes);
    const std::size_t cap = exchange.bucket_bytes ? static_cast<std::size_t>(exchange.bucket_bytes)
                                                  : static_cast<std::size_t>(c10d::kDefaultBucketBytesCap);
    // Until the buckets are rebuilt in the order of a backward, one bucket holds everything, but where they never are.
    const bool rebuilds = exchange.static_graph || !exchange.find_unused;
    const std::vector<std::size_t> limits =
        rebuilds ? std::vector<std::size_t>{std::numeric_limits<std::size_t>::max()} : std::vector{first, cap};
    const std::vector<bool> sparse(replica.parameters.size(), false);
    auto buckets = std::get<0>(c10d::compute_bucket_assignment_by_size(replica.parameters, limits, sparse));
    std::reverse(buckets.begin(), buckets.end());
    std::unordered_map<std::size_t, std::string> names;
    for (std::size_t i = 0; i < replica.names.size(); ++i) names[i] = replica.names[i];
    auto reducer = std::make_unique<c10d::Reducer>(
        replica.parameters, std::move(buckets), group, sparse, static_cast<std::int64_t>(cap), exchange.find_unused,
        exchange.bucket_view, std::move(names), static_cast<std::int64_t>(first),
        /*skip_all_reduce_unused_params=*/false, /*use_python_reducer=*/false, std::vector<std::int64_t>{});
    if (exchange.static_graph) reducer->set_static_graph();
    return reducer;
}

}  // namespace

GlooEngine::GlooEngine(Replica replica, const Exchange& exchange, ProcessGroup group)
    : exchange_(exchange), group_(std::move(group)) {
    replicas_.push_back(std::move(replica));
    const Replica& own = replicas_[0];
    c10d::verify_params_across_processes(group_, own.parameters, std::nullopt);
    std::vector<at::Tensor> state;
    for (const at::Tensor& parameter : own.parameters) state.push_back(parameter.detach());
    for (const at::Tensor& buffer : own.model->buffers()) state.push_back(buffer);
    c10d::broadcast_coalesced(group_, state, broadcast_bytes, 0);
    if (!exchange_.flat) reducer_ = make_reducer(own, exchange_, group_);
}

GlooEngine::~GlooEngine() = default;

void GlooEngine::forward_begins(bool synchronises) {
    // A static graph is learnt in the very first backward. Where that one is local, DDP itself ends in a failed
    // assertion (expect_autograd_hooks_): so it is not, and its average is averaged once more with the window's last,
    // to the same value.
    synchronises_ = synchronises || (exchange_.static_graph && !delayed_);
    if (!reducer_) return;
    if (synchronises_) reducer_->prepare_for_forward();
    reducer_->rebuild_buckets();  // once, after the first reduction; otherwise it does nothing
}

at::Tensor GlooEngine::backward_begins(at::Tensor loss) {
    if (!reducer_) return loss;
    if (synchronises_)  // without prepare_for_backward it stays local: DDP's no_sync
        reducer_->prepare_for_backward(exchange_.find_unused && !exchange_.static_graph ? std::vector{loss}
                                                                                        : std::vector<at::Tensor>{});
    if (!exchange_.static_graph || delayed_) return loss;
    delayed_ = true;
    return DelayedReduction::apply(loss, reinterpret_cast<std::int64_t>(reducer_.get()));
}

void GlooEngine::reduce(const Window& window) {
    if (!reducer_) return reduce_flat();
    Replica& own = replicas_[0];
    if (window.micros_on(own.rank) > 0) return;  // done, while the backward ran
    // A short last window leaves this rank nothing, but the others wait for its part: zeros.
    forward_begins(true);
    at::Tensor nothing;
    for (const at::Tensor& parameter : own.parameters)
        nothing = nothing.defined() ? nothing + 0 * parameter.sum() : 0 * parameter.sum();
    backward_begins(nothing).backward();
}

void GlooEngine::reduce_flat() {
    Replica& own = replicas_[0];
    std::vector<at::Tensor> parts;
    for (const at::Tensor& parameter : own.parameters) parts.push_back(gradient_of(parameter).reshape({-1}));
    std::vector<at::Tensor> flat{at::cat(parts)};
    group_->allreduce(flat)->wait();
    flat[0].div_(static_cast<double>(group_->getSize()));
    std::int64_t at = 0;
    for (at::Tensor& parameter : own.parameters) {
        parameter.mutable_grad() = flat[0].narrow(0, at, parameter.numel()).reshape(parameter.sizes());
        at += parameter.numel();
    }
}

}  // namespace isobatch
