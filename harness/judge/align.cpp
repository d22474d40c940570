#include "judge/align.h"

#include <algorithm>

#include "judge/stream.h"

namespace isobatch {

namespace {

std::size_t step_count(const Trace& trace) {
    std::size_t steps = 0;
    for (const std::vector<Step>& rank : trace.ranks) steps = std::max(steps, rank.size());
    return steps;
}

/// The samples of step k over all places, sorted: of all its micros, or of those after the last clear between two.
std::vector<std::string> held_by(const Trace& trace, std::size_t k, bool after_clear) {
    const auto copies = static_cast<std::size_t>(trace.manifest.copies);  // the first of each place speaks for it
    std::vector<std::string> held;
    for (std::size_t rank = 0; rank < trace.ranks.size(); rank += copies) {
        if (k >= trace.ranks[rank].size()) continue;
        const Step& step = trace.ranks[rank][k];
        const std::size_t begin = after_clear ? cleared_micros(step) : 0;
        for (std::size_t m = begin; m < step.micros.size(); ++m)
            held.insert(held.end(), step.micros[m].samples.begin(), step.micros[m].samples.end());
    }
    return sorted(std::move(held));
}

int epoch_of(const Trace& trace, std::size_t k) {
    const auto copies = static_cast<std::size_t>(trace.manifest.copies);
    int epoch = 0;
    for (std::size_t rank = 0; rank < trace.ranks.size(); rank += copies)
        if (k < trace.ranks[rank].size()) epoch = std::max(epoch, trace.ranks[rank][k].epoch);
    return epoch;
}

bool finished(const Trace& trace, std::size_t k) {
    return std::all_of(trace.ranks.begin(), trace.ranks.end(),
                       [&](const std::vector<Step>& rank) { return k >= rank.size() || rank[k].number.has_value(); });
}

/// Of what does not match, only what both records could have seen counts.
void forget_the_unseen(const Yardstick& yardstick, const Trace& candidate, Alignment& alignment) {
    const Stream stream = stream_of(candidate);
    const std::vector<std::size_t> ends = window_ends(yardstick);
    std::size_t last_window = 0, last_step = 0;  // behind the last that match
    for (std::size_t k = 0; k < alignment.window.size(); ++k)
        if (alignment.window[k]) last_window = *alignment.window[k] + 1, last_step = k + 1;
    std::erase_if(alignment.missing,
                  [&](std::size_t w) { return w >= last_window && !stream.ended && ends[w] > stream.samples.size(); });
    std::erase_if(alignment.strangers, [&](std::size_t k) {
        if (k >= stream.step_ends.size()) return true;  // the unfinished window
        return k >= last_step && !yardstick.ended && stream.step_ends[k] > (ends.empty() ? 0 : ends.back());
    });
}

}  // namespace

bool same_start(const Trace& candidate, std::size_t k, const WindowScale& window) {
    return std::all_of(candidate.ranks.begin(), candidate.ranks.end(), [&](const std::vector<Step>& rank) {
        return k >= rank.size() || rank[k].started.empty() || window.started.empty() ||
               rank[k].started == window.started;
    });
}

Alignment align(const Yardstick& yardstick, const Trace& candidate) {
    std::vector<std::vector<std::string>> expected;
    for (const WindowScale& window : yardstick.windows) expected.push_back(sorted(window.samples));

    Alignment alignment;
    std::vector<bool> taken(expected.size(), false);
    std::size_t next = 0;  // windows come in order, so a candidate's step never matches one before its predecessor's
    for (std::size_t k = 0; k < step_count(candidate); ++k) {
        std::vector<std::string> held = held_by(candidate, k, false);
        const int epoch = epoch_of(candidate, k);
        const auto match_of = [&](const std::vector<std::string>& samples) {
            std::optional<std::size_t> match;
            for (std::size_t w = next; w < expected.size() && !match; ++w)
                if (yardstick.windows[w].epoch == epoch && expected[w] == samples) match = w;
            return match;
        };
        const bool ended = yardstick.ours || finished(candidate, k);  // what no update followed was not trained on
        std::optional<std::size_t> match = ended ? match_of(held) : std::nullopt;
        if (!match && ended && !yardstick.ours) match = match_of(held_by(candidate, k, true));
        if (match) {
            taken[*match] = true;
            next = *match + 1;
        } else {
            alignment.strangers.push_back(k);
        }
        alignment.window.push_back(match);
        alignment.samples.push_back(std::move(held));
    }
    for (std::size_t w = 0; w < taken.size(); ++w)
        if (!taken[w]) alignment.missing.push_back(w);
    if (!yardstick.ours) forget_the_unseen(yardstick, candidate, alignment);
    return alignment;
}

}  // namespace isobatch
