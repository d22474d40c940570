#include "plan/layout.h"

#include <algorithm>
#include <map>

namespace isobatch {

double units_of(const WindowLayout& window) {
    double units = 0;
    for (const MicroCount& micro : window.micros) units += micro.units;
    return units;
}

double padded_units_of(const WindowLayout& window) {
    double units = 0;
    for (const MicroCount& micro : window.micros) units += micro.padded_units;
    return units;
}

std::int64_t samples_of(const WindowLayout& window) {
    std::int64_t samples = 0;
    for (const MicroCount& micro : window.micros) samples += micro.samples;
    return samples;
}

int micros_on(const WindowLayout& window, int rank) {
    return static_cast<int>(
        std::count_if(window.micros.begin(), window.micros.end(), [&](const MicroCount& m) { return m.rank == rank; }));
}

double units_on(const WindowLayout& window, int rank) {
    double units = 0;
    for (const MicroCount& micro : window.micros) units += micro.rank == rank ? micro.units : 0;
    return units;
}

double units_at(const WindowLayout& window, int micro) {
    double units = 0;
    for (const MicroCount& m : window.micros) units += m.micro == micro ? m.units : 0;
    return units;
}

int most_micros(const WindowLayout& window) {
    std::map<int, int> micros;  // by rank: a window may have thousands
    int most = 0;
    for (const MicroCount& micro : window.micros) most = std::max(most, ++micros[micro.rank]);
    return most;
}

bool reaches(Reach reach, const WindowLayout& window, const MicroCount& micro) {
    return reaches(reach, window.mesh.place(micro.rank), micro.micro, micros_on(window, micro.rank));
}

bool unequal_units(const WindowLayout& window) {
    return std::any_of(window.micros.begin(), window.micros.end(),
                       [&](const MicroCount& m) { return m.units != window.micros.front().units; });
}

}  // namespace isobatch
