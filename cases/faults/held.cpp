#include "cases/faults/held.h"

#include <algorithm>

namespace isobatch {

Places places_of(const Window& window) {
    Places places;
    for (const Slice& micro : window.micros) {
        const std::span<const std::int64_t> samples = window.of(micro);
        places[micro.place].emplace_back(samples.begin(), samples.end());
    }
    return places;
}

void hold(Window& window, const Places& places) {
    std::int64_t turns = 0;
    for (const auto& [place, micros] : places) turns = std::max(turns, std::ssize(micros));
    window.samples.clear();
    window.micros.clear();
    for (int turn = 0; turn < turns; ++turn)
        for (const auto& [place, micros] : places) {
            if (turn >= std::ssize(micros)) continue;
            const std::vector<std::int64_t>& micro = micros[static_cast<std::size_t>(turn)];
            const std::int64_t begin = std::ssize(window.samples);
            window.samples.insert(window.samples.end(), micro.begin(), micro.end());
            window.micros.push_back({place, turn, begin, std::ssize(window.samples)});
        }
}

}  // namespace isobatch
