#include "run/share_in_some.h"

#include <ATen/core/grad_mode.h>

namespace isobatch {

ShareInSome::ShareInSome(Replica& replica, double share) {
    if (share == 1) return;
    for (std::size_t p = 1; p < replica.parameters.size(); p += 2) {
        at::Tensor& parameter = replica.parameters[p];
        hooks_.emplace_back(parameter, parameter.register_hook([share](const at::Tensor& gradient) {
            const at::NoGradGuard no_grad;
            return gradient.mul(share);
        }));
    }
}

ShareInSome::~ShareInSome() {
    for (auto& [parameter, hook] : hooks_) parameter.remove_hook(hook);
}

}  // namespace isobatch
