#pragma once

#include <string_view>
#include <vector>

#include "plan/fault.h"

namespace isobatch {

inline bool power(std::string_view id, const std::vector<WindowLayout>& windows) {
    return find_fault(id).power(windows);
}

/// One micro: rank, micro, units.
inline MicroCount micro(int rank, int index, double units) {
    return {rank, index, 4, units};
}

/// Two ranks; the units of each rank's micros.
inline WindowLayout two_ranks(const std::vector<double>& first, const std::vector<double>& second,
                              bool ragged = false) {
    WindowLayout window{{}, ragged, 2};
    for (std::size_t m = 0; m < first.size(); ++m) window.micros.push_back(micro(0, static_cast<int>(m), first[m]));
    for (std::size_t m = 0; m < second.size(); ++m) window.micros.push_back(micro(1, static_cast<int>(m), second[m]));
    return window;
}

}  // namespace isobatch
