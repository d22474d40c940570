/// Faults of the format that gradients are summed in.
#include "cases/faults/faults.h"

namespace isobatch {

bool plant_precision(const std::string& id, Setup& setup) {
    if (id == "bf16-accumulator") {
        setup.decisions.accumulator = at::kBFloat16;
    } else if (id == "bf16-reduction") {
        setup.decisions.reduction = Reduction::mean_in_bf16;
    } else {
        return false;
    }
    require_one_level(setup);
    return true;
}

}  // namespace isobatch
