#include "run/counted_backend.h"

#include "run/tensors.h"

namespace isobatch {

void CountedBackend::count(const char* collective, const std::vector<at::Tensor>& tensors) {
    Collective& moved = moved_[level_ + collective];
    ++moved.calls;
    moved.bytes += bytes_of(tensors);
}

c10::intrusive_ptr<c10d::Work> CountedBackend::broadcast(std::vector<at::Tensor>& tensors,
                                                         const c10d::BroadcastOptions& options) {
    count("broadcast", tensors);
    return inner_->broadcast(tensors, options);
}

c10::intrusive_ptr<c10d::Work> CountedBackend::allreduce(std::vector<at::Tensor>& tensors,
                                                         const c10d::AllreduceOptions& options) {
    // DDP's map of the unused parameters is no gradient.
    count(tensors.at(0).is_floating_point() ? "all_reduce" : "all_reduce_integers", tensors);
    return inner_->allreduce(tensors, options);
}

c10::intrusive_ptr<c10d::Work> CountedBackend::allgather(std::vector<std::vector<at::Tensor>>& outputs,
                                                         std::vector<at::Tensor>& inputs,
                                                         const c10d::AllgatherOptions& options) {
    count("all_gather", inputs);
    return inner_->allgather(outputs, inputs, options);
}

}  // namespace isobatch
