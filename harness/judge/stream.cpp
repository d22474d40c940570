#include "judge/stream.h"

#include <algorithm>
#include <iterator>

namespace isobatch {

namespace {

using Ids = std::vector<std::string>;

/// The samples of the reference's windows, up to and including this one.
Ids samples_until(const Yardstick& yardstick, std::size_t window) {
    Ids samples;
    for (std::size_t w = 0; w <= window; ++w)
        samples.insert(samples.end(), yardstick.windows[w].samples.begin(), yardstick.windows[w].samples.end());
    return samples;
}

}  // namespace

Ids sorted(Ids ids) {
    std::sort(ids.begin(), ids.end());
    return ids;
}

Stream stream_of(const Trace& trace) {
    Stream stream;
    std::size_t steps = 0;
    for (const std::vector<Step>& rank : trace.ranks) steps = std::max(steps, rank.size());
    for (std::size_t k = 0; k < steps; ++k) {
        std::size_t rounds = 0;
        bool finished = true;
        for (const std::vector<Step>& rank : trace.ranks) {
            if (k >= rank.size()) continue;
            rounds = std::max(rounds, rank[k].micros.size());
            finished = finished && rank[k].number.has_value();
        }
        for (std::size_t m = 0; m < rounds; ++m) {
            for (const std::vector<Step>& rank : trace.ranks)
                if (k < rank.size() && m < rank[k].micros.size())
                    stream.samples.insert(stream.samples.end(), rank[k].micros[m].samples.begin(),
                                          rank[k].micros[m].samples.end());
            stream.round_ends.push_back(stream.samples.size());
            stream.updates.push_back(stream.step_ends.size() + (finished && m + 1 == rounds ? 1 : 0));
        }
        if (finished)
            stream.step_ends.push_back(stream.samples.size());
        else
            stream.ended = true;
    }
    return stream;
}

std::vector<std::size_t> window_ends(const Yardstick& yardstick) {
    std::vector<std::size_t> ends;
    for (const WindowScale& window : yardstick.windows)
        ends.push_back((ends.empty() ? 0 : ends.back()) + window.samples.size());
    return ends;
}

std::size_t cleared_micros(const Step& step) {
    std::size_t backwards = 0, cleared = 0;
    for (const std::string& event : step.events) {
        if (event.starts_with("backward")) ++backwards;
        if (event == "zero") cleared = backwards;
        if (event == "step" && backwards > 0) break;  // what is cleared after it was used
    }
    return std::min(cleared, step.micros.size());
}

std::vector<Milestone> milestones(const Yardstick& yardstick, const Stream& stream) {
    const std::vector<std::size_t> ends = window_ends(yardstick);
    std::vector<Milestone> found;
    for (std::size_t w = 0; w < ends.size(); ++w) {
        const auto round = std::find(stream.round_ends.begin(), stream.round_ends.end(), ends[w]);
        if (round == stream.round_ends.end()) continue;
        const auto count = static_cast<std::ptrdiff_t>(ends[w]);
        found.push_back(
            {w, stream.updates[static_cast<std::size_t>(round - stream.round_ends.begin())],
             sorted({stream.samples.begin(), stream.samples.begin() + count}) == sorted(samples_until(yardstick, w))});
    }
    return found;
}

bool same_order(const Yardstick& yardstick, const Stream& stream) {
    const std::vector<Milestone> all = milestones(yardstick, stream);
    if (!all.empty()) return std::all_of(all.begin(), all.end(), [](const Milestone& at) { return at.same; });
    // Ended inside the first window: what there is must be of it.
    if (yardstick.windows.empty() || stream.samples.empty()) return false;
    const Ids whole = sorted(yardstick.windows[0].samples), part = sorted(stream.samples);
    return std::includes(whole.begin(), whole.end(), part.begin(), part.end());
}

}  // namespace isobatch
