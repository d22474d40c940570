#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/json.h"
#include "plan/trial.h"

namespace isobatch {

/// Version of the lines between isobatch and its worker.
inline constexpr int worker_protocol = 3;

/// The machine that a rank of a trial is on, as who started them sees it.
struct Machine {
    std::string address;      ///< where the other machines reach it; empty: all ranks are on this one
    int rank = 0, ranks = 1;  ///< this rank among those of the trial that are on it

    bool operator==(const Machine&) const = default;
};

/// Of rank `rank` among the first `ranks` of those that have these addresses; one machine where there are none.
Machine machine_of(std::span<const std::string> addresses, int rank, int ranks);

/// What a worker is asked beside a whole trial: to be one rank of it, or to write the reference that its ranks follow.
struct Job {
    Trial trial;
    std::optional<int> rank;  ///< none: the trial's reference
    std::string trace;        ///< directory to write
    std::string reference;    ///< directory of the finished reference; for a rank
    std::string meeting;      ///< file through which the ranks find each other; for a rank
    double deadline_s = 600;  ///< of one collective
    Machine machine;          ///< for a rank
    bool by_units = false;    ///< for the reference: it also has the gradient of each unit

    bool operator==(const Job&) const = default;
};

/// What a rank says while it works on one: that it lives, and where it is.
struct Beat {
    std::int64_t window = 0;  ///< from 1
    bool exchanging = false;  ///< it may wait for the other ranks
};

/// `{"window": 3}` or `{"window": 3, "exchanging": true}`
std::string to_line(const Beat& beat);
/// Nothing when the line is another answer, or none at all.
std::optional<Beat> beat_from(std::string_view line);

/// One line of the protocol; it starts with `{`, which no trial does.
std::string to_line(const Job& job);

/// The inverse. Throws Error.
Job parse_job(std::string_view line);

}  // namespace isobatch
