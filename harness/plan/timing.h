#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "plan/slice.h"

namespace isobatch {

/// Where in a run a window is.
struct Moment {
    std::int64_t window = 1;  ///< of the run, 1-based
    int epoch = 1;            ///< 1-based
    bool ends_epoch = false;
    std::int64_t restart = 0;         ///< the update before it that the run was last restarted after; 0: it never was
    bool in_restarted_epoch = false;  ///< that update was of its epoch

    bool operator==(const Moment&) const = default;
};

/// In which windows a trainer does something: many bugs wait for the first one, for the one after an update, or for an
/// edge of an epoch.
enum class Timing { always, first_window, later_windows, epoch_ends, later_epochs, after_restart };

/// The simplest first: where the windows that were seen cannot tell two of them apart, it is the one that is said.
inline constexpr std::array all_timings{Timing::always,     Timing::first_window, Timing::later_windows,
                                        Timing::epoch_ends, Timing::later_epochs, Timing::after_restart};

/// `always`, `first-window` …
std::string to_string(Timing timing);

/// When, as the end of a sentence.
std::string meaning(Timing timing);

bool acts(Timing timing, const Moment& moment);

/// Of a run over so many samples that trains on every batch and is restarted after so many updates (0: never).
Moment moment_of(const Batch& batch, std::int64_t samples, std::int64_t effective, std::int64_t restart = 0);

}  // namespace isobatch
