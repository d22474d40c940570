#include "diagnose/ledger.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "base/error.h"
#include "base/text.h"
#include "judge/stream.h"
#include "plan/slice.h"

namespace isobatch {

namespace {

using Ids = std::vector<std::string>;

/// Whether `some` are among `all`, each as often as there at least; both sorted.
bool among(const Ids& some, const Ids& all) {
    return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

/// Windows of one epoch, in order.
std::vector<const WindowScale*> windows_of(const Yardstick& yardstick, int epoch) {
    std::vector<const WindowScale*> windows;
    for (const WindowScale& window : yardstick.windows)
        if (window.epoch == epoch) windows.push_back(&window);
    return windows;
}

bool repeats_its_first_micro(const Trace& candidate, std::size_t k) {
    bool several = false;
    for (const std::vector<Step>& rank : candidate.ranks) {
        if (k >= rank.size() || rank[k].micros.empty()) continue;
        const Ids first = sorted(rank[k].micros[0].samples);
        several |= rank[k].micros.size() > 1;
        for (const Micro& micro : rank[k].micros)
            if (!among(sorted(micro.samples), first)) return false;
    }
    return several;
}

/// Whether the first place holds what the split gives it of this window.
bool first_place_is_right(const Trace& candidate, std::size_t k, const WindowScale& window) {
    Ids expected, held;
    for (const Slice& slice : cut(std::ssize(window.samples), candidate.manifest.split))
        if (slice.place == 0)
            expected.insert(expected.end(), window.samples.begin() + slice.begin, window.samples.begin() + slice.end);
    for (const Micro& micro : candidate.ranks[0][k].micros)
        held.insert(held.end(), micro.samples.begin(), micro.samples.end());
    return candidate.manifest.split.devices > 1 && expected == held;
}

/// Whether they are what follows in the epoch's order once one micro of each place was skipped for each of so many
/// updates, and so many windows were trained on since.
bool follows_skipped(const std::vector<const WindowScale*>& epoch, const Split& split, std::size_t updates,
                     std::size_t since, const Ids& held) {
    Ids order;
    for (const WindowScale* window : epoch) order.insert(order.end(), window->samples.begin(), window->samples.end());
    const auto each = static_cast<std::size_t>(split.per_device * split.devices),
               whole = static_cast<std::size_t>(split.effective());
    const std::size_t begin = std::min(order.size(), updates * each + since * whole),
                      end = std::min(order.size(), begin + whole);
    return sorted({order.begin() + static_cast<std::ptrdiff_t>(begin),
                   order.begin() + static_cast<std::ptrdiff_t>(end)}) == held;
}

/// `position`: among the steps of its epoch. `restarted`: how many of these the run was restarted after; 0: none.
std::vector<Stray> stray_of(const Yardstick& yardstick, const Trace& candidate, std::size_t k, const Ids& held,
                            std::size_t position, std::size_t restarted) {
    const int epoch = candidate.ranks[0][k].epoch;
    const auto first = windows_of(yardstick, 1), own = windows_of(yardstick, epoch);
    if (restarted > 0 && follows_skipped(own, candidate.manifest.split, restarted, position - restarted, held))
        return {Stray::skipped_anew};  // whose last step is a part of the epoch's last window
    std::vector<Stray> strays;
    if (epoch > 1 && position < first.size() && sorted(first[position]->samples) == held)
        strays.push_back(restarted > 0 ? Stray::first_again : Stray::first_epoch);
    if (std::any_of(own.begin(), own.end(),
                    [&](const WindowScale* window) { return among(held, sorted(window->samples)); }))
        strays.push_back(Stray::part);
    if (position < own.size() && among(sorted(own[position]->samples), held)) strays.push_back(Stray::padded);
    if (repeats_its_first_micro(candidate, k)) strays.push_back(Stray::repeated_micro);
    if (position < own.size() && held.size() == own[position]->samples.size() &&
        first_place_is_right(candidate, k, *own[position]))
        strays.push_back(Stray::other_places);
    if (strays.empty()) strays.push_back(Stray::other);
    return strays;
}

}  // namespace

std::string to_string(Stray stray) {
    switch (stray) {
        case Stray::first_epoch:
            return "first-epoch";
        case Stray::first_again:
            return "first-again";
        case Stray::skipped_anew:
            return "skipped-anew";
        case Stray::part:
            return "part";
        case Stray::padded:
            return "padded";
        case Stray::repeated_micro:
            return "repeated-micro";
        case Stray::other_places:
            return "other-places";
        case Stray::other:
            return "other";
    }
    broken_promise("stray", "unknown stray", __FILE__, __LINE__);
}

Stray parse_stray(std::string_view text) {
    for (const Stray stray : {Stray::first_epoch, Stray::first_again, Stray::skipped_anew, Stray::part, Stray::padded,
                              Stray::repeated_micro, Stray::other_places, Stray::other})
        if (to_string(stray) == text) return stray;
    throw Error(fmt::format("unknown stray \"{}\"", printable(text)), "evidence",
                "the file was written by another version");
}

std::vector<std::vector<Stray>> strays_of(const Yardstick& yardstick, const Trace& candidate,
                                          const Alignment& alignment) {
    std::vector<std::vector<Stray>> strays;
    const std::vector<Step>& steps = candidate.ranks[0];
    std::size_t position = 0, restarted = 0, next = 0;
    for (std::size_t k = 0; k < steps.size() && next < alignment.strangers.size(); ++k) {
        position = k > 0 && steps[k].epoch == steps[k - 1].epoch ? position + 1 : 0;
        if (position == 0) restarted = 0;
        if (position > 0 && ends_in_restart(steps[k - 1])) restarted = position;
        if (alignment.strangers[next] != k) continue;
        strays.push_back(stray_of(yardstick, candidate, k, alignment.samples[k], position, restarted));
        ++next;
    }
    strays.resize(alignment.strangers.size(), {Stray::other});  // steps that the first rank has not
    return strays;
}

}  // namespace isobatch
