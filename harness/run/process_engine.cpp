#include "run/process_engine.h"

#include <limits>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/nn/module.h>
#include <torch/csrc/distributed/c10d/comm.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include "base/check.h"

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

/// Adds up and does not divide, where DDP's own reduction averages: what a communication hook gets wrong.
struct Sum final : c10d::CppCommHookInterface<ProcessGroup> {
    using CppCommHookInterface::CppCommHookInterface;
    c10::intrusive_ptr<c10::ivalue::Future> runHook(c10d::GradBucket& bucket) override {
        std::vector<at::Tensor> tensors{bucket.getBufferRef()};
        return state_->allreduce(tensors)->getFuture();
    }
};

c10::intrusive_ptr<c10::ivalue::Future> done_with(const at::Tensor& buffer) {
    auto done = c10::make_intrusive<c10::ivalue::Future>(c10::TensorType::get());
    done->markCompleted(buffer);
    return done;
}

/// Sends half as much, as DDP's own bf16 hook does: each rank's part of the mean, rounded.
struct MeanInBf16 final : c10d::CppCommHookInterface<ProcessGroup> {
    using CppCommHookInterface::CppCommHookInterface;
    c10::intrusive_ptr<c10::ivalue::Future> runHook(c10d::GradBucket& bucket) override {
        const at::Tensor& buffer = bucket.getBufferRef();
        std::vector<at::Tensor> tensors{buffer.to(at::kBFloat16).div_(state_->getSize())};
        state_->allreduce(tensors)->wait();
        return done_with(buffer.copy_(tensors[0]));
    }
};

/// As that hook once did: summed in fp16, and divided only then.
struct SumInFp16 final : c10d::CppCommHookInterface<ProcessGroup> {
    using CppCommHookInterface::CppCommHookInterface;
    c10::intrusive_ptr<c10::ivalue::Future> runHook(c10d::GradBucket& bucket) override {
        const at::Tensor& buffer = bucket.getBufferRef();
        std::vector<at::Tensor> tensors{buffer.to(at::kHalf)};
        state_->allreduce(tensors)->wait();
        return done_with(buffer.copy_(tensors[0].div_(state_->getSize())));
    }
};

at::Tensor mean_over(const ProcessGroup& group, const at::Tensor& own) {
    std::vector<at::Tensor> sum{own.clone()};
    group->allreduce(sum)->wait();
    return sum[0].div_(static_cast<double>(group->getSize()));
}

/// As torch.nn.parallel.DistributedDataParallel makes it.
std::unique_ptr<c10d::Reducer> make_reducer(const std::vector<at::Tensor>& parameters,
                                            std::unordered_map<std::size_t, std::string> names,
                                            const Exchange& exchange, const ProcessGroup& group) {
    const std::size_t first = exchange.bucket_bytes ? static_cast<std::size_t>(exchange.bucket_bytes)
                                                    : static_cast<std::size_t>(c10d::kDefaultFirstBucketBytes);
    const std::size_t cap = exchange.bucket_bytes ? static_cast<std::size_t>(exchange.bucket_bytes)
                                                  : static_cast<std::size_t>(c10d::kDefaultBucketBytesCap);
    // Until the buckets are rebuilt in the order of a backward, one bucket holds everything, but where they never are.
    const bool rebuilds = exchange.static_graph || !exchange.find_unused;
    const std::vector<std::size_t> limits =
        rebuilds ? std::vector<std::size_t>{std::numeric_limits<std::size_t>::max()} : std::vector{first, cap};
    const std::vector<bool> sparse(parameters.size(), false);
    auto buckets = std::get<0>(c10d::compute_bucket_assignment_by_size(parameters, limits, sparse));
    std::reverse(buckets.begin(), buckets.end());
    auto reducer = std::make_unique<c10d::Reducer>(
        parameters, std::move(buckets), group, sparse, static_cast<std::int64_t>(cap), exchange.find_unused,
        exchange.bucket_view, std::move(names), static_cast<std::int64_t>(first),
        /*skip_all_reduce_unused_params=*/false, /*use_python_reducer=*/false, std::vector<std::int64_t>{});
    if (exchange.static_graph) reducer->set_static_graph();
    return reducer;
}

}  // namespace

ProcessEngine::ProcessEngine(Replica replica, const Decisions& decisions, const Exchange& exchange, Groups groups)
    : exchange_(exchange),
      groups_(std::move(groups)),
      exchanged_(decisions.exchanged(replica.parameters)),
      reduction_(decisions.reduction),
      two_levels_(groups_.mesh.places > 1 && (groups_.inner || reduction_ == Reduction::last_alone)) {
    replicas_.push_back(std::move(replica));
    const Replica& own = replicas_[0];
    c10d::verify_params_across_processes(groups_.all, own.parameters, std::nullopt);
    std::vector<at::Tensor> state;
    for (const at::Tensor& parameter : own.parameters) state.push_back(parameter.detach());
    for (const at::Tensor& buffer : own.model->buffers()) state.push_back(buffer);
    c10d::broadcast_coalesced(groups_.all, state, broadcast_bytes, 0);
    if (exchange_.flat) return;
    std::vector<at::Tensor> parameters;
    std::unordered_map<std::size_t, std::string> names;
    for (const std::size_t p : exchanged_) {
        names[parameters.size()] = own.names[p];
        parameters.push_back(own.parameters[p]);
    }
    reducer_ = make_reducer(parameters, std::move(names), exchange_, groups_.all);
    ISOBATCH_CHECK(reduction_ <= Reduction::sum, "DDP itself waits for its buckets");
    if (reduction_ == Reduction::mean_in_bf16) reducer_->register_comm_hook(std::make_unique<MeanInBf16>(groups_.all));
    if (reduction_ == Reduction::sum_in_fp16) reducer_->register_comm_hook(std::make_unique<SumInFp16>(groups_.all));
    if (reduction_ == Reduction::sum) reducer_->register_comm_hook(std::make_unique<Sum>(groups_.all));
}

ProcessEngine::~ProcessEngine() = default;

void ProcessEngine::forward_begins(Replica&, bool exchanges, bool last) {
    if (two_levels_) {
        accumulated_ = take_flat();
        exchanges_ = last;
        return;
    }
    // A static graph is learnt in the very first backward. Where that one is local, DDP itself ends in a failed
    // assertion (expect_autograd_hooks_): so it is not, and its average is averaged once more with the window's last,
    // to the same value. (Faults for which it would be another are not planted there.)
    exchanges_ = exchanges || (exchange_.static_graph && !delayed_);
    if (!reducer_) return;
    if (exchanges_) reducer_->prepare_for_forward();
    reducer_->rebuild_buckets();  // once, after the first reduction; otherwise it does nothing
}

at::Tensor ProcessEngine::backward_begins(at::Tensor loss) {
    if (!reducer_) return loss;
    if (exchanges_)  // without prepare_for_backward it stays local: DDP's no_sync
        reducer_->prepare_for_backward(exchange_.find_unused && !exchange_.static_graph ? std::vector{loss}
                                                                                        : std::vector<at::Tensor>{});
    if (!exchange_.static_graph || delayed_) return loss;
    delayed_ = true;
    return DelayedReduction::apply(loss, reinterpret_cast<std::int64_t>(reducer_.get()));
}

void ProcessEngine::backward_ends(Replica&) {
    if (two_levels_)
        reduce_inner(take_flat());
    else if (exchanges_ && !reducer_)
        reduce_flat();
}

void ProcessEngine::reduce(const Window& window) {
    Replica& own = replicas_[0];
    if (two_levels_) return reduce_outer(window);
    if (window.micros_on(groups_.mesh.place(own.rank)) > 0) return;  // done, with a backward
    if (!reducer_) return reduce_flat();
    // A short last window leaves this rank nothing, but the others wait for its part: zeros.
    forward_begins(own, true, false);
    at::Tensor nothing;
    for (const at::Tensor& parameter : own.parameters)
        nothing = nothing.defined() ? nothing + 0 * parameter.sum() : 0 * parameter.sum();
    backward_begins(nothing).backward();
}

/// The gradients in a row, and nothing where they were.
at::Tensor ProcessEngine::take_flat() {
    std::vector<at::Tensor> parts;
    for (const std::size_t p : exchanged_) {
        at::Tensor& parameter = replicas_[0].parameters[p];
        parts.push_back(gradient_of(parameter).reshape({-1}));
        parameter.mutable_grad().reset();
    }
    return at::cat(parts);
}

void ProcessEngine::put_flat(const at::Tensor& flat) {
    std::int64_t at = 0;
    for (const std::size_t p : exchanged_) {
        at::Tensor& parameter = replicas_[0].parameters[p];
        parameter.mutable_grad() = flat.narrow(0, at, parameter.numel()).reshape(parameter.sizes());
        at += parameter.numel();
    }
}

void ProcessEngine::reduce_flat() {
    std::vector<at::Tensor> flat{take_flat()};
    const double places = groups_.mesh.places;
    // Who does not wait finds what the exchange has not touched yet: read before it begins, since to read while it
    // writes would be a race of ours.
    const at::Tensor unwaited = reduction_ == Reduction::own_part ? flat[0].div(places) : at::Tensor();
    const at::ScalarType dtype = flat[0].scalar_type();
    if (reduction_ == Reduction::mean_in_bf16) flat[0] = flat[0].to(at::kBFloat16).div_(places);
    if (reduction_ == Reduction::sum_in_fp16) flat[0] = flat[0].to(at::kHalf);
    groups_.all->allreduce(flat)->wait();
    if (reduction_ == Reduction::sum_in_fp16) flat[0].div_(places);
    flat[0] = flat[0].to(dtype);
    if (unwaited.defined()) flat[0] = unwaited;
    if (reduction_ == Reduction::mean) flat[0].div_(places);
    put_flat(flat[0]);
}

/// One micro's gradient to the inner group; what it makes of it stays beside what was accumulated before.
void ProcessEngine::reduce_inner(at::Tensor flat) {
    if (groups_.inner) flat = mean_over(groups_.inner, flat);
    ++inner_exchanges_;
    if (exchanges_)
        last_ = flat;
    else
        accumulated_.add_(flat);
    put_flat(accumulated_);
}

/// What a trainer gets wrong here: it exchanges the last micro's gradient and then adds what was accumulated.
void ProcessEngine::reduce_outer(const Window& window) {
    while (inner_exchanges_ < window.most_micros()) {  // a short last window: the others wait for this rank's zeros
        forward_begins(replicas_[0], true, inner_exchanges_ + 1 == window.most_micros());
        reduce_inner(at::zeros_like(accumulated_));
    }
    inner_exchanges_ = 0;
    const at::Tensor accumulated = take_flat();
    const ProcessGroup& outer = groups_.outer ? groups_.outer : groups_.all;
    put_flat(reduction_ == Reduction::last_alone ? mean_over(outer, last_).add_(accumulated)
                                                 : mean_over(outer, last_.add_(accumulated)));
}

}  // namespace isobatch
