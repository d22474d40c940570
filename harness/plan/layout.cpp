#include "plan/layout.h"

#include <algorithm>

namespace isobatch {

double units_of(const WindowLayout& window) {
    double units = 0;
    for (const MicroCount& micro : window.micros) units += micro.units;
    return units;
}

int micros_on(const WindowLayout& window, int rank) {
    return static_cast<int>(
        std::count_if(window.micros.begin(), window.micros.end(), [&](const MicroCount& m) { return m.rank == rank; }));
}

bool unequal_units(const WindowLayout& window) {
    return std::any_of(window.micros.begin(), window.micros.end(),
                       [&](const MicroCount& m) { return m.units != window.micros.front().units; });
}

}  // namespace isobatch
