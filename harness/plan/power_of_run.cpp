/// Where a fault can matter in a run: what its windows must be to one another.
#include "plan/power.h"

namespace isobatch {

namespace {

/// How much of what shows in what the window's gradient was summed: 1 is enough. Where the arithmetic has the sum's own
/// bits, any gradient shows it, by its size.
double shown(const WindowLayout& window) {
    if (units_of(window) == 0) return 0;
    if (!computes_narrow(window.recipe)) return 1;
    const auto addends = std::count_if(window.micros.begin(), window.micros.end(), [](auto& m) { return m.units > 0; });
    return addends < least_addends ? 0 : window.entries / static_cast<double>(least_entries);
}

/// Of the first three windows, which are judged in every run.
double shown_by(const Windows& windows, bool (*holds)(const WindowLayout&)) {
    double sum = 0;
    for (std::size_t w = 0; w < std::min<std::size_t>(windows.size(), 3); ++w)
        sum += holds(windows[w]) ? shown(windows[w]) : 0;
    return sum;
}

}  // namespace

bool any_earlier_window(const Windows& windows) {
    for (std::size_t i = 0; i + 1 < windows.size(); ++i)
        if (units_of(windows[i]) > 0 && windows[i + 1].moment.restart < windows[i].moment.window) return true;
    return false;
}

bool any_skipped_anew(const Windows& windows) {
    return std::any_of(windows.begin(), windows.end(),
                       [](const WindowLayout& w) { return w.moment.in_restarted_epoch && w.accum > 1; });
}

bool any_other_permutation(const Windows& windows) {
    const auto in_first_epoch = [&](const WindowLayout& window) {
        return std::any_of(windows.begin(), windows.end(), [&](const WindowLayout& other) {
            return other.moment.epoch == 1 && other.samples == window.samples;
        });
    };
    return std::any_of(windows.begin(), windows.end(), [&](const WindowLayout& window) {
        return window.moment.in_restarted_epoch && window.moment.epoch > 1 && !in_first_epoch(window);
    });
}

bool any_lost_count(const Windows& windows) {
    for (std::size_t w = 0; w < windows.size(); ++w) {
        const Moment& moment = windows[w].moment;
        const bool begins_epoch = w > 0 && windows[w - 1].moment.ends_epoch;
        const bool restarted = std::any_of(windows.begin(), windows.end(), [&](const WindowLayout& later) {
            return later.moment.restart == moment.window;
        });
        if (judged(moment.window - 1, begins_epoch, moment.ends_epoch) && restarted && windows[w].counts_steps)
            return true;
    }
    return false;
}

bool any_window(const Windows& windows) {
    return !windows.empty();
}

bool any_other_epoch(const Windows& windows) {
    std::vector<const WindowLayout*> first;
    std::size_t position = 0;
    int epoch = 1;
    for (const WindowLayout& window : windows) {
        position = window.moment.epoch == epoch ? position : 0;
        epoch = window.moment.epoch;
        if (epoch == 1)
            first.push_back(&window);
        else if (window.mesh.places > 1 && (position >= first.size() || window.samples != first[position]->samples))
            return true;
        ++position;
    }
    return false;
}

bool any_other_horizon(const Windows& windows) {
    return windows.size() > 1 && windows[0].accum > 1;
}

/// What several ranks summed in bf16 has more bits once it is exchanged.
bool any_sum_of_few_bits(const Windows& windows) {
    return shown_by(windows, [](const WindowLayout& window) {
               return window.mesh.places == 1 || !computes_narrow(window.recipe);
           }) >= 1;
}

bool any_exchange_of_few_bits(const Windows& windows) {
    return shown_by(windows, [](const WindowLayout& window) { return window.mesh.places > 1; }) >= 1;
}

bool nowhere(const Windows&) {
    return false;
}

}  // namespace isobatch
