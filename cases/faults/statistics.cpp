/// Faults of what a model keeps beside its parameters: what passes through it in training mode, and is no micro of the
/// window, or one that has passed already. No gradient shows them.
#include <ATen/core/grad_mode.h>

#include "cases/faults/faults.h"
#include "run/forward.h"

namespace isobatch {

bool plant_statistics(const std::string& id, Setup& setup) {
    Decisions& decide = setup.decisions;
    if (id == "statistics-moved-twice")
        decide.forwards = [](const Window&, const Slice&) { return 2; };
    else if (id == "statistics-of-evaluation")
        decide.evaluates = [](const Window& window, const Setup& own, Replica& replica) {
            const at::NoGradGuard no_grad;
            forward(own, replica, window.of(window.micros.front()));
        };
    else
        return false;
    return true;
}

}  // namespace isobatch
