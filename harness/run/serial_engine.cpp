#include "run/serial_engine.h"

#include <ATen/ops/zeros_like.h>

namespace isobatch {

SerialEngine::SerialEngine(std::vector<Replica> replicas, const Decisions& decisions, const Mesh& mesh)
    : replicas_(std::move(replicas)),
      exchanged_(decisions.exchanged(replicas_[0].parameters)),
      reduction_(decisions.reduction),
      last_alone_(reduction_ == Reduction::last_alone && mesh.places > 1),
      mesh_(mesh),
      given_(replicas_.size(), std::vector<at::Tensor>(replicas_[0].parameters.size())),
      kept_(given_) {}

/// Moved, not copied: what a later micro adds starts from nothing, and is given too or met again in reduce(). To give
/// all of it once more, as DDP does, averages an average: the same.
void SerialEngine::give(Replica& replica) {
    for (const std::size_t p : exchanged_) {
        at::Tensor& own = replica.parameters[p].mutable_grad();
        at::Tensor& given = given_[static_cast<std::size_t>(replica.rank)][p];
        if (given.defined() && own.defined())
            given.add_(own);
        else if (own.defined())
            given = own;
        own = at::Tensor();
    }
}

/// What the window's earlier micros left, so that its last one starts from nothing.
void SerialEngine::keep(Replica& replica) {
    for (const std::size_t p : exchanged_)
        std::swap(kept_[static_cast<std::size_t>(replica.rank)][p], replica.parameters[p].mutable_grad());
}

void SerialEngine::forward_begins(Replica& replica, bool exchanges, bool last) {
    exchanges_ = last_alone_ ? last : exchanges;
    if (last_alone_ && last) keep(replica);
}

void SerialEngine::backward_ends(Replica& replica) {
    if (exchanges_) give(replica);
}

namespace {

/// `sum` may be undefined, and so may what is added.
void add(at::Tensor& sum, const at::Tensor& part) {
    if (part.defined()) sum = sum.defined() ? sum.add_(part) : part.clone();
}

}  // namespace

/// What the exchange leaves on a rank, from the sum over its places.
at::Tensor SerialEngine::left(std::size_t parameter, int rank, const at::Tensor& sum) {
    at::Tensor& given = given_[static_cast<std::size_t>(rank)][parameter];
    if (reduction_ == Reduction::own_part) return given.defined() ? given.div_(mesh_.places) : at::zeros_like(sum);
    return given.defined() ? given.copy_(sum) : sum.clone();
}

void SerialEngine::reduce(std::size_t parameter, int copy) {
    const bool in_bf16 = reduction_ == Reduction::mean_in_bf16;
    const auto sent = [&](const at::Tensor& given) {
        if (given.defined() && in_bf16) return given.to(at::kBFloat16).div_(mesh_.places);
        return given.defined() && reduction_ == Reduction::sum_in_fp16 ? given.to(at::kHalf) : given;
    };
    at::Tensor sum;
    std::vector<at::Tensor> groups(static_cast<std::size_t>(mesh_.places / mesh_.inner));
    for (int rank = copy; rank < mesh_.ranks(); rank += mesh_.copies) {
        const auto r = static_cast<std::size_t>(rank);
        add(sum, sent(given_[r][parameter]));
        add(groups[static_cast<std::size_t>(mesh_.inner_group(rank))], kept_[r][parameter]);
    }
    if (sum.defined() && !in_bf16 && reduction_ != Reduction::sum) sum.div_(mesh_.places);
    if (sum.defined()) sum = sum.to(replicas_[0].parameters[parameter].scalar_type());
    for (at::Tensor& group : groups)
        if (group.defined()) group.div_(mesh_.inner);
    for (int rank = copy; rank < mesh_.ranks(); rank += mesh_.copies) {
        const auto r = static_cast<std::size_t>(rank);
        at::Tensor result = sum.defined() ? left(parameter, rank, sum) : at::Tensor();
        add(result, groups[static_cast<std::size_t>(mesh_.inner_group(rank))]);
        add(result, replicas_[r].parameters[parameter].grad());
        replicas_[r].parameters[parameter].mutable_grad() = result;
        given_[r][parameter] = kept_[r][parameter] = at::Tensor();
    }
}

void SerialEngine::reduce(const Window& window) {
    for (Replica& replica : replicas_) {
        const std::int64_t micros = window.micros_on(mesh_.place(replica.rank));
        if (last_alone_ && micros < window.most_micros())
            keep(replica);
        else if (micros == 0)
            give(replica);  // nothing, or what was never cleared
    }
    for (const std::size_t p : exchanged_)
        for (int copy = 0; copy < mesh_.copies; ++copy) reduce(p, copy);
}

}  // namespace isobatch
