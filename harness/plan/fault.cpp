#include "plan/fault.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace isobatch {

namespace {

using Windows = std::vector<WindowLayout>;

bool any_unequal(const Split&, const Windows& windows) {
    return std::any_of(windows.begin(), windows.end(), unequal_units);
}

/// A rank that accumulates over several micros, one of them with a scored unit.
bool any_accumulation(const Split&, const Windows& windows) {
    return std::any_of(windows.begin(), windows.end(), [](const WindowLayout& window) {
        return std::any_of(window.micros.begin(), window.micros.end(),
                           [&](const MicroCount& m) { return m.units > 0 && micros_on(window, m.rank) > 1; });
    });
}

/// A scored unit in a micro that another one follows on its rank.
bool any_before_the_last(const Split&, const Windows& windows) {
    return std::any_of(windows.begin(), windows.end(), [](const WindowLayout& window) {
        return std::any_of(window.micros.begin(), window.micros.end(),
                           [&](const MicroCount& m) { return m.units > 0 && m.micro + 1 < micros_on(window, m.rank); });
    });
}

bool any_earlier_window(const Split&, const Windows& windows) {
    return windows.size() > 1 &&
           std::any_of(windows.begin(), windows.end() - 1, [](const WindowLayout& w) { return units_of(w) > 0; });
}

bool any_tail(const Split&, const Windows& windows) {
    return std::any_of(windows.begin(), windows.end(), [](const WindowLayout& window) { return window.ragged; });
}

}  // namespace

const std::vector<FaultEntry>& fault_catalogue() {
    using enum Check;
    static const std::vector<FaultEntry> entries{
        {"token-mean-of-means", Cause::token_mean_of_means, {grad, loss}, {data, events, step}, any_unequal},
        {"missing-accum-division", Cause::missing_accum_division, {grad, loss}, {data, events, step}, any_accumulation},
        {"zero-grad-in-window", Cause::zero_grad_in_window, {events, grad}, {data, step, loss}, any_before_the_last},
        {"not-zeroed-after-step", Cause::not_zeroed_after_step, {events, grad}, {data, step, loss}, any_earlier_window},
        {"epoch-tail-dropped", Cause::epoch_tail_dropped, {data, step}, {events, grad, loss}, any_tail},
    };
    return entries;
}

const FaultEntry& find_fault(std::string_view id) {
    std::vector<std::string> known;
    for (const FaultEntry& entry : fault_catalogue()) {
        if (entry.id == id) return entry;
        known.push_back(entry.id);
    }
    throw Error(fmt::format("unknown fault \"{}\"", printable(id)), "--fault",
                fmt::format("did you mean {}? Known: {}", nearest(id, known), joined(known, ", ")));
}

}  // namespace isobatch
