#include "diagnose/astray.h"

#include <algorithm>

#include "plan/power.h"

namespace isobatch {

namespace {

/// A loop that steps with every so many micros drops nothing where each micro steps.
bool accumulates(const std::vector<WindowEvidence>& windows) {
    return windows.empty() || std::any_of(windows.begin(), windows.end(), [](const WindowEvidence& window) {
               return has_several_turns(window.layout);
           });
}

/// Whether several places hold a window of a later epoch as they should.
bool any_of_later_epoch(const std::vector<WindowEvidence>& windows) {
    return std::any_of(windows.begin(), windows.end(), [](const WindowEvidence& window) {
        return window.layout.moment.epoch > 1 && window.layout.mesh.places > 1;
    });
}

}  // namespace

bool explains_ledger(Cause cause, const Evidence& evidence) {
    const auto& [windows, missing, ragged, unfilled, strangers, strays, widths, narrow, coupling, paces] = evidence;
    const auto may_be = [](const std::vector<Stray>& step, Stray stray) {
        return std::find(step.begin(), step.end(), stray) != step.end();
    };
    const auto all_are = [&](Stray stray) {
        return std::all_of(strays.begin(), strays.end(), [&](const auto& step) { return may_be(step, stray); });
    };
    /// Every window that is missing is one of these steps.
    const auto instead = [&](Stray stray) { return all_are(stray) && strays.size() == missing.size(); };
    const bool in_tails = std::includes(ragged.begin(), ragged.end(), missing.begin(), missing.end());
    switch (cause) {
        case Cause::epoch_tail_dropped:
            return strangers.empty() &&
                   (missing == ragged || missing == unfilled || (missing.empty() && !accumulates(windows)));
        case Cause::same_batch_repeated:
            return instead(Stray::repeated_micro);
        case Cause::per_rank_sampler_seed:
            return instead(Stray::other_places);
        case Cause::epoch_not_set:
            return std::all_of(strays.begin(), strays.end(),
                               [&](const auto& step) {
                                   return may_be(step, Stray::first_epoch) || may_be(step, Stray::first_again);
                               }) &&
                   strays.size() == missing.size() && (strays.empty() || !any_of_later_epoch(windows));
        case Cause::resume_wrong_permutation:
            return instead(Stray::first_again);
        case Cause::resume_skips_updates:
            return all_are(Stray::skipped_anew) && strangers.size() >= missing.size();
        case Cause::sampler_padding_duplicates:
            return instead(Stray::padded) && in_tails;
        case Cause::ragged_rank_streams:
            return all_are(Stray::part) && in_tails && strangers.size() <= missing.size();
        case Cause::truncated_after_retry:
            return instead(Stray::part);
        case Cause::accumulation_off:
            return all_are(Stray::part) && strangers.size() >= 2 * missing.size();
        default:
            return strangers.empty() && missing.empty();
    }
}

}  // namespace isobatch
