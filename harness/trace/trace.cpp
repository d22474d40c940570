#include "trace/trace.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include <fmt/format.h>

#include "base/digest.h"

namespace isobatch {

namespace {

/// Of a reference's tensors most are its samples' own gradients and the fp64 truth, which only a judge reads.
bool can_be_followed(const Tensors::value_type& tensor) {
    const std::string& key = tensor.first;
    return key.starts_with("grad/") || key.starts_with("param/") || key.starts_with("opt/") ||
           key.starts_with("scale/");
}

}  // namespace

std::string content_digest(const Trace& trace) {
    RunningDigest digest;
    // Every list is preceded by its length: moving a sample, a step or a byte across a boundary is another content.
    for (const std::vector<Step>& steps : trace.ranks) {
        digest.add(fmt::format("rank {}", steps.size()));
        for (const Step& step : steps) {
            const std::string loss = step.loss ? fmt::format("{}", *step.loss) : "unknown";
            digest.add(fmt::format("{} {} {} {} {}", step.number.value_or(0), step.epoch, loss, step.micros.size(),
                                   std::count_if(step.tensors.begin(), step.tensors.end(), can_be_followed)));
            digest.add(fmt::format("{} [{}]", step.clip_threshold.value_or(0), fmt::join(step.lr, ",")));
            for (const Micro& micro : step.micros) {
                digest.add(fmt::format("{} {} {} {}", micro.index, micro.units, micro.loss, micro.samples.size()));
                for (const std::string& sample : micro.samples) digest.add(sample);
            }
            for (const auto& entry : step.tensors) {
                if (!can_be_followed(entry)) continue;
                const auto& [key, tensor] = entry;
                digest.add(key);
                digest.add(fmt::format("{} [{}]", to_string(tensor.dtype), fmt::join(tensor.shape, ",")));
                digest.add(tensor.bytes);
            }
        }
    }
    return digest.text();
}

namespace {

/// Whether another epoch follows step k, or nothing does in a run of ours that has reached its last one:
/// an outside trainer may be ended anywhere.
bool ends_epoch(const Trace& trace, std::size_t k, int epoch) {
    int next = trace.manifest.engine != "outside" && trace.manifest.epochs == epoch ? epoch + 1 : epoch;
    for (const std::vector<Step>& steps : trace.ranks)
        if (k + 1 < steps.size()) next = steps[k + 1].epoch;
    return next > epoch;
}

/// The last update before step k that the run was restarted after, 1-based; 0: none.
std::size_t restarted_before(const Trace& trace, std::size_t k) {
    const std::vector<Step>& steps = trace.ranks.at(0);
    for (std::size_t update = std::min(k, steps.size()); update > 0; --update)
        if (ends_in_restart(steps[update - 1])) return update;
    return 0;
}

WindowLayout layout_after(const Trace& trace, std::size_t k, std::size_t restart) {
    WindowLayout window;
    window.mesh = trace.manifest.mesh();
    const auto copies = static_cast<std::size_t>(window.mesh.copies);
    for (std::size_t rank = 0; rank < trace.ranks.size(); rank += copies) {
        if (k >= trace.ranks[rank].size()) continue;
        for (const Micro& micro : trace.ranks[rank][k].micros) {
            window.micros.push_back(
                {static_cast<int>(rank), micro.index, std::ssize(micro.samples), micro.units, micro.padded_units});
            window.samples.insert(window.samples.end(), micro.samples.begin(), micro.samples.end());
            window.moment.epoch = trace.ranks[rank][k].epoch;
        }
        window.averaged |= trace.ranks[rank][k].counters.ema_updates > 0;
        window.counts_steps |= trace.ranks[rank][k].counters.counted_steps > 0;
    }
    if (!trace.ranks.empty() && k < trace.ranks[0].size() && trace.ranks[0][k].clip_threshold.value_or(0) > 0)
        window.norm = trace.ranks[0][k].grad_norm.value_or(0) / *trace.ranks[0][k].clip_threshold;
    window.moment.window = static_cast<std::int64_t>(k + 1);
    window.moment.ends_epoch = ends_epoch(trace, k, window.moment.epoch);
    window.moment.restart = static_cast<std::int64_t>(restart);
    window.moment.in_restarted_epoch = restart > 0 && trace.ranks[0][restart - 1].epoch == window.moment.epoch;
    std::sort(window.samples.begin(), window.samples.end());
    window.ragged = std::ssize(window.samples) < trace.manifest.split.effective();
    window.accum = static_cast<int>(trace.manifest.split.accum);
    window.recipe = trace.manifest.recipe;
    return window;
}

}  // namespace

WindowLayout layout_of(const Trace& trace, std::size_t k) {
    return layout_after(trace, k, trace.ranks.empty() ? 0 : restarted_before(trace, k));
}

std::vector<WindowLayout> layouts_of(const Trace& trace) {
    std::size_t steps = 0, restart = 0;
    for (const std::vector<Step>& rank : trace.ranks) steps = std::max(steps, rank.size());
    std::vector<WindowLayout> windows;
    double entries = 0;
    for (const Parameter& parameter : trace.manifest.parameters)
        entries += std::accumulate(parameter.shape.begin(), parameter.shape.end(), 1.0, std::multiplies<>());
    for (std::size_t k = 0; k < steps; ++k) {
        windows.push_back(layout_after(trace, k, restart));
        windows.back().entries = entries;
        if (k < trace.ranks[0].size() && ends_in_restart(trace.ranks[0][k])) restart = k + 1;
    }
    return windows;
}

}  // namespace isobatch
