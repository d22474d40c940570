#include "run/buffers.h"

#include <ATen/core/grad_mode.h>
#include <torch/nn/module.h>

#include "run/tensors.h"

namespace isobatch {

namespace {

void set_buffers(Replica& replica, const std::vector<at::Tensor>& values) {
    const at::NoGradGuard no_grad;
    std::size_t next = 0;
    for (const auto& buffer : replica.model->named_buffers()) buffer.value().copy_(values[next++]);
}

}  // namespace

std::vector<std::string> buffer_names(const Replica& replica) {
    return replica.model->named_buffers().keys();
}

std::vector<at::Tensor> buffers_of(const Replica& replica) {
    std::vector<at::Tensor> copies;
    for (const auto& buffer : replica.model->named_buffers()) copies.push_back(buffer.value().detach().clone());
    return copies;
}

StateDigests buffer_digests(const Replica& replica) {
    StateDigests digests;
    for (const auto& buffer : replica.model->named_buffers())
        digests["buffer/" + buffer.key()] = digest_of(buffer.value());
    return digests;
}

StateDigests owed_buffers(Replica& replica, const std::vector<at::Tensor>& before,
                          const std::function<void(Replica&)>& forwards) {
    const std::vector<at::Tensor> own = buffers_of(replica);
    set_buffers(replica, before);
    forwards(replica);
    StateDigests owed = buffer_digests(replica);
    set_buffers(replica, own);
    return owed;
}

}  // namespace isobatch
