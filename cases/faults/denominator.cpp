/// Faults of what a micro's loss is divided by.
#include <algorithm>

#include "cases/faults/faults.h"

namespace isobatch {

bool plant_denominator(const std::string& id, Setup& setup) {
    if (id == "token-mean-of-means") {
        // The mean of each micro, then the mean over the window's micros. A micro without a unit has a mean of 0.
        setup.decisions.divisor = [](const Window& window, const Slice& micro) {
            const double micros = static_cast<double>(window.micros.size()) / static_cast<double>(window.devices);
            return std::max(window.units_of(micro), 1.0) * micros;
        };
        return true;
    }
    if (id == "missing-accum-division") {
        setup.decisions.divisor = [](const Window& window, const Slice& micro) {
            return window.denominator() / static_cast<double>(window.devices) /
                   static_cast<double>(window.micros_on(micro.rank));
        };
        return true;
    }
    return false;
}

}  // namespace isobatch
