/// Faults of the loss that is reported, beside gradients that are right.
#include "cases/faults/faults.h"

namespace isobatch {

bool plant_reporting(const std::string& id, Setup& setup) {
    auto& reports = setup.decisions.reports;
    if (id == "log-last-micro-loss") {
        reports = [](const Window& window, const Slice& micro) {
            const bool last = micro.micro + 1 == window.micros_on(micro.place);
            const double units = window.units_of(micro);
            return last && units > 0 ? window.denominator() / window.mesh.places / units : 0;
        };
    } else if (id == "log-loss-over-accum") {
        reports = [](const Window& window, const Slice& micro) {
            return 1 / static_cast<double>(window.micros_on(micro.place));
        };
    } else if (id == "log-scaled-loss") {
        reports = [](const Window&, const Slice&) { return first_loss_scale; };
    } else {
        return false;
    }
    return true;
}

}  // namespace isobatch
