#include "judge/align.h"

#include <algorithm>

namespace isobatch {

namespace {

std::size_t step_count(const Trace& trace) {
    std::size_t steps = 0;
    for (const std::vector<Step>& rank : trace.ranks) steps = std::max(steps, rank.size());
    return steps;
}

std::vector<std::string> sorted(std::vector<std::string> ids) {
    std::sort(ids.begin(), ids.end());
    return ids;
}

}  // namespace

Alignment align(const Yardstick& yardstick, const Trace& candidate) {
    std::vector<std::vector<std::string>> expected;
    for (const WindowScale& window : yardstick.windows) expected.push_back(sorted(window.samples));

    const auto copies = static_cast<std::size_t>(candidate.manifest.copies);  // the first of each place speaks for it
    Alignment alignment;
    std::vector<bool> taken(expected.size(), false);
    std::size_t next = 0;  // windows come in order, so a candidate's step never matches one before its predecessor's
    for (std::size_t k = 0; k < step_count(candidate); ++k) {
        std::vector<std::string> held;
        int epoch = 0;
        for (std::size_t rank = 0; rank < candidate.ranks.size(); rank += copies) {
            if (k >= candidate.ranks[rank].size()) continue;
            const Step& step = candidate.ranks[rank][k];
            epoch = std::max(epoch, step.epoch);
            for (const Micro& micro : step.micros) held.insert(held.end(), micro.samples.begin(), micro.samples.end());
        }
        held = sorted(std::move(held));
        std::optional<std::size_t> match;
        for (std::size_t w = next; w < expected.size() && !match; ++w)
            if (yardstick.windows[w].epoch == epoch && expected[w] == held) match = w;
        if (match) {
            taken[*match] = true;
            next = *match + 1;
        }
        alignment.window.push_back(match);
        alignment.samples.push_back(std::move(held));
    }
    for (std::size_t w = 0; w < taken.size(); ++w)
        if (!taken[w]) alignment.missing.push_back(w);
    return alignment;
}

}  // namespace isobatch
