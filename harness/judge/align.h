#pragma once

#include <optional>
#include <string>
#include <vector>

#include "judge/yardstick.h"
#include "trace/trace.h"

namespace isobatch {

/// Which window of the reference each step of a candidate is, by the samples that it held and never by its number.
struct Alignment {
    std::vector<std::optional<std::size_t>>
        window;                          ///< window[k]: index into Yardstick::windows of the candidate's step k
    std::vector<std::size_t> missing;    ///< windows of the reference that no step is
    std::vector<std::size_t> strangers;  ///< steps that are no window of the reference, and should be one
    std::vector<std::vector<std::string>> samples;  ///< samples[k]: what step k held over all places, sorted
};

/// A step matches the next window of its epoch that holds exactly the same samples, each as often. An outside trainer's
/// step may have cleared what it held of an earlier window; and where one of the two records was ended before the
/// other, what only the other one saw is neither missing nor strange.
Alignment align(const Yardstick& yardstick, const Trace& candidate);

/// Whether no rank says that it started step k from other parameters than the reference its window.
bool same_start(const Trace& candidate, std::size_t k, const WindowScale& window);

/// Calls visit(step, rank, window) for every judged window that the candidate has, started from the same parameters.
template <class Visit>
void each_judged(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment, Visit visit) {
    for (std::size_t k = 0; k < alignment.window.size(); ++k) {
        if (!alignment.window[k]) continue;
        const WindowScale& window = yardstick.windows[*alignment.window[k]];
        if (window.tensors.empty() || !same_start(candidate, k, window)) continue;
        for (std::size_t rank = 0; rank < candidate.ranks.size(); ++rank)
            if (k < candidate.ranks[rank].size()) visit(k, static_cast<int>(rank), window);
    }
}

}  // namespace isobatch
