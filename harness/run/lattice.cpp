#include "run/lattice.h"

#include <ATen/core/grad_mode.h>

namespace isobatch {

namespace {

/// x + c - c with c = 3/2 of the power of two whose last bit is the quantum: the sum rounds to it. Holds for |x| of at
/// most a quarter of that power, which the shares of a window stay below; a fault that adds more is rounded more.
at::Tensor rounded(const at::Tensor& gradient, double quantum) {
    const double power = gradient.scalar_type() == at::kDouble ? 0x1p52 : 0x1p23;
    const double lifted = 1.5 * power * quantum;
    return gradient.add(lifted).sub_(lifted);
}

}  // namespace

void round_to(std::vector<Replica>& replicas, const std::shared_ptr<const std::vector<double>>& quanta) {
    for (Replica& replica : replicas)
        for (std::size_t p = 0; p < replica.parameters.size(); ++p)
            replica.parameters[p].register_hook([quanta, p](const at::Tensor& gradient) {
                const at::NoGradGuard no_grad;
                return p < quanta->size() && (*quanta)[p] > 0 ? rounded(gradient, (*quanta)[p]) : gradient;
            });
}

}  // namespace isobatch
