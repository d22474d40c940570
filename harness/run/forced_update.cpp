#include "run/forced_update.h"

#include <fmt/format.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>

#include "run/tensors.h"

namespace isobatch {

Tensors forced_update(Replica& replica, const std::vector<at::Tensor>& gradients,
                      const std::function<void(Replica&)>& update) {
    std::vector<at::Tensor> own, before;
    std::vector<std::vector<Optimizer::Slot>> slots(replica.parameters.size());
    for (Optimizer::Slot& slot : replica.optimizer.state())
        slots[slot.parameter].push_back({slot.name, slot.parameter, slot.value.clone()});
    for (std::size_t p = 0; p < replica.parameters.size(); ++p) {
        at::Tensor& gradient = replica.parameters[p].mutable_grad();
        own.push_back(gradient);
        before.push_back(replica.parameters[p].detach().clone());
        if (gradient.defined())
            gradient = at::empty_like(gradient).copy_(gradients[p]);  // one that nothing reached is skipped, as it is
    }
    update(replica);
    Tensors left;
    for (const Optimizer::Slot& slot : replica.optimizer.state())
        left[fmt::format("forced/opt/{}/{}", slot.name, replica.names[slot.parameter])] = snapshot(slot.value);
    const at::NoGradGuard no_grad;
    for (std::size_t p = 0; p < replica.parameters.size(); ++p) {
        left["forced/param/" + replica.names[p]] = snapshot(replica.parameters[p]);
        replica.parameters[p].copy_(before[p]);
        replica.parameters[p].mutable_grad() = own[p];
        replica.optimizer.set_state(p, slots[p]);
    }
    return left;
}

}  // namespace isobatch
