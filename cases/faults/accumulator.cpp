/// Faults of the accumulator's life cycle: when gradients are cleared and whether a window is trained on.
#include <algorithm>

#include "cases/faults/faults.h"

namespace isobatch {

bool plant_accumulator(const std::string& id, Setup& setup) {
    if (id == "zero-grad-in-window") {
        require_one_level(setup);
        setup.decisions.clears_before = [](const Window&, const Slice&) { return true; };
        return true;
    }
    if (id == "last-backward-survives") {
        require_one_level(setup);
        setup.decisions.arrives = [](const Window& window, const Slice& micro) {
            return micro.micro + 1 == window.micros_on(micro.place);
        };
        return true;
    }
    if (id == "first-backward-survives") {
        require_one_level(setup);
        setup.decisions.arrives = [](const Window&, const Slice& micro) { return micro.micro == 0; };
        return true;
    }
    if (id == "cleared-at-new-shape") {
        require_one_level(setup);
        setup.decisions.arrives = [](const Window& window, const Slice& micro) {
            return std::none_of(window.micros.begin(), window.micros.end(), [&](const Slice& later) {
                return later.place == micro.place && later.micro > micro.micro && !window.same_shape(micro, later);
            });
        };
        return true;
    }
    if (id == "not-zeroed-after-step") {
        setup.decisions.clears_after_step = [](const Window&) { return false; };
        return true;
    }
    if (id == "epoch-tail-dropped") {
        const std::int64_t effective = setup.trial.split.effective();
        setup.decisions.trains_on = [effective](const Window& window) { return window.batch.samples == effective; };
        return true;
    }
    return false;
}

}  // namespace isobatch
