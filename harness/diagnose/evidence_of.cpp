#include "diagnose/evidence_of.h"

#include <algorithm>
#include <map>

#include "diagnose/pace.h"
#include "diagnose/updating.h"

namespace isobatch {

namespace {

/// Where each sample of the window went: index into the layout's micros, in the reference's order of samples. A sample
/// that was seen twice keeps its first place.
std::vector<int> micros_of(const WindowScale& window, const Trace& candidate, std::size_t k) {
    std::map<std::string, int> place;
    int index = 0;
    const auto copies = static_cast<std::size_t>(candidate.manifest.copies);
    for (std::size_t rank = 0; rank < candidate.ranks.size(); rank += copies) {
        if (k >= candidate.ranks[rank].size()) continue;
        for (const Micro& micro : candidate.ranks[rank][k].micros) {
            for (const std::string& sample : micro.samples) place.emplace(sample, index);
            ++index;
        }
    }
    std::vector<int> micros;
    for (const std::string& sample : window.samples) micros.push_back(place.at(sample));
    return micros;
}

/// How often the rank that has it most has this event in step k.
std::int64_t most_events(const Trace& candidate, std::size_t k, const std::string& event) {
    std::int64_t most = 0;
    for (const std::vector<Step>& rank : candidate.ranks)
        if (k < rank.size())
            most = std::max<std::int64_t>(most, std::count(rank[k].events.begin(), rank[k].events.end(), event));
    return most;
}

/// The optimizer's own count after step k, on every rank `right` or that of one where it is not.
std::int64_t counted_steps(const Trace& candidate, std::size_t k, std::int64_t right) {
    std::int64_t counted = right;
    for (const std::vector<Step>& rank : candidate.ranks)
        if (k < rank.size() && !rank[k].micros.empty() && rank[k].counters.counted_steps != right)
            counted = rank[k].counters.counted_steps;
    return counted;
}

bool fills_every_turn(const Yardstick& yardstick, std::int64_t step, const Split& split) {
    for (const WindowScale& window : yardstick.windows)
        if (window.step == step)
            return std::ssize(window.samples) > (split.accum - 1) * split.per_device * split.devices;
    return false;
}

}  // namespace

Evidence evidence_of(const Yardstick& yardstick, const Trace& candidate) {
    const Alignment alignment = align(yardstick, candidate);
    Evidence evidence;
    evidence.coupling = yardstick.coupling();
    evidence.strays = strays_of(yardstick, candidate, alignment);
    if (!yardstick.ours) evidence.paces = paces_of(yardstick, candidate, alignment);
    for (const std::size_t w : alignment.missing) evidence.missing.push_back(yardstick.windows[w].step);
    for (const WindowScale& window : yardstick.windows)
        if (static_cast<std::int64_t>(window.samples.size()) < candidate.manifest.split.effective())
            evidence.ragged.push_back(window.step);
    for (const std::int64_t step : evidence.ragged)
        if (yardstick.ours || !fills_every_turn(yardstick, step, candidate.manifest.split))
            evidence.unfilled.push_back(step);
    for (const std::size_t k : alignment.strangers) evidence.strangers.push_back(static_cast<std::int64_t>(k + 1));
    for (std::size_t k = 0; k < alignment.window.size(); ++k) {
        if (!alignment.window[k]) continue;
        const WindowScale& scale = yardstick.windows[*alignment.window[k]];
        if (scale.tensors.empty() || !same_start(candidate, k, scale)) continue;
        WindowEvidence window;
        window.step = static_cast<std::int64_t>(k + 1);
        window.window = scale.step;
        window.samples = scale.samples;
        window.sample_units = scale.sample_units;
        window.micro_of = micros_of(scale, candidate, k);
        window.layout = layout_of(candidate, k);
        for (const auto& [name, parts] : scale.terms) window.terms.push_back({name});
        if (yardstick.ours) {  // of an outside trainer's events nobody promised how many a window has
            window.steps = most_events(candidate, k, "step");
            window.schedule_steps = most_events(candidate, k, "schedule");
            if (scale.counters.ema_updates > 0) window.averages = most_events(candidate, k, "average");
            read_update(candidate, k, scale, window);
            const std::int64_t counted = scale.counters.counted_steps;  // with this step's one
            window.layout.counts_steps = counted > 0;
            window.counted = counted > 0 ? counted_steps(candidate, k, counted) - counted + 1 : window.steps;
        } else {
            window.schedule_steps = turns_of(candidate, k, scale, &Counters::scheduler_steps);
            window.averages = turns_of(candidate, k, scale, &Counters::ema_updates);
            window.layout.averaged |= scale.counters.ema_updates > 0;
            if (scale.units > 0 && scale.padded_units > 0) window.padding = scale.padded_units / scale.units;
        }
        if (k < candidate.ranks[0].size()) window.lr_ratio = lr_ratio(candidate.ranks[0][k], scale);
        evidence.windows.push_back(std::move(window));
    }
    return evidence;
}

}  // namespace isobatch
