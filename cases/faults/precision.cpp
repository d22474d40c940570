/// Faults of the format that gradients are summed in, parameters kept in, or products computed in.
#include <ATen/core/grad_mode.h>

#include "cases/faults/faults.h"
#include "run/device.h"
#include "run/replica.h"

namespace isobatch {

bool plant_precision(const std::string& id, Setup& setup) {
    if (id == "bf16-accumulator") {
        setup.decisions.accumulator = at::kBFloat16;
    } else if (id == "bf16-reduction") {
        setup.decisions.reduction = Reduction::mean_in_bf16;
    } else if (id == "fp16-sum-overflow") {
        setup.decisions.reduction = Reduction::sum_in_fp16;
    } else if (id == "master-weights-lost") {
        setup.decisions.keeps = [](Replica& replica) {
            const at::NoGradGuard no_grad;
            for (const at::Tensor& parameter : replica.parameters) parameter.copy_(parameter.to(at::kBFloat16));
        };
        return true;
    } else if (id == "tf32-on") {  // from a micro's forward to the end of its backward
        setup.decisions.losses = [right = setup.decisions.losses](const Window& window, const Slice& micro,
                                                                  const Case& subject, torch::nn::Module& model,
                                                                  const Examples& examples) {
            allow_tf32(true);
            return right(window, micro, subject, model, examples);
        };
        setup.decisions.disturbs = [](const Window&, const Slice&, Replica&) { allow_tf32(false); };
        return true;
    } else {
        return false;
    }
    require_one_level(setup);
    return true;
}

}  // namespace isobatch
