#include "run/serial_engine.h"

#include <ATen/ops/zeros_like.h>

namespace isobatch {

SerialEngine::SerialEngine(std::vector<Replica> replicas, const Decisions& decisions)
    : replicas_(std::move(replicas)),
      exchanged_(decisions.exchanged(replicas_[0].parameters)),
      reduction_(decisions.reduction),
      given_(replicas_.size(), std::vector<at::Tensor>(replicas_[0].parameters.size())) {}

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

void SerialEngine::backward_ends(Replica& replica) {
    if (exchanges_) give(replica);
}

void SerialEngine::reduce(std::size_t parameter) {
    const auto ranks = static_cast<double>(replicas_.size());
    at::Tensor sum;
    for (const std::vector<at::Tensor>& given : given_)
        if (given[parameter].defined()) sum = sum.defined() ? sum.add_(given[parameter]) : given[parameter].clone();
    if (!sum.defined()) return;  // no rank has this gradient
    if (reduction_ == Reduction::mean) sum.div_(ranks);
    for (std::size_t rank = 0; rank < replicas_.size(); ++rank) {
        at::Tensor& part = given_[rank][parameter];
        if (reduction_ == Reduction::own_part)
            part = part.defined() ? part.div_(ranks) : at::zeros_like(sum);
        else
            part = part.defined() ? part.copy_(sum) : sum.clone();
        at::Tensor& own = replicas_[rank].parameters[parameter].mutable_grad();
        own = own.defined() ? part.add_(own) : part;
        part = at::Tensor();
    }
}

void SerialEngine::reduce(const Window& window) {
    for (Replica& replica : replicas_)
        if (window.micros_on(replica.rank) == 0) give(replica);  // nothing, or what was never cleared
    for (const std::size_t p : exchanged_) reduce(p);
}

}  // namespace isobatch
