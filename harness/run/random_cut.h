#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/seed.h"

namespace isobatch {

/// Where the pieces of a random uneven cut end: up to four of them.
inline std::vector<std::size_t> random_ends(std::size_t samples, Random random) {
    std::vector<std::size_t> ends{samples};
    for (int i = 0; i < 3; ++i) ends.push_back(1 + random.below(samples));
    std::sort(ends.begin(), ends.end());
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
    return ends;
}

/// Fisher-Yates.
template <class T>
void shuffle(std::vector<T>& list, Random random) {
    for (std::size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[random.below(i)]);
}

}  // namespace isobatch
