#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "judge/yardstick.h"
#include "trace/trace.h"

namespace isobatch {

/// Ids without their order, to be compared.
std::vector<std::string> sorted(std::vector<std::string> ids);

/// The samples of an outside trainer in the order of their use. A round is one micro of every rank.
struct Stream {
    std::vector<std::string> samples;
    std::vector<std::size_t> round_ends;  ///< samples used after each round
    std::vector<std::size_t> updates;     ///< updates made after each round
    std::vector<std::size_t> step_ends;   ///< samples used after each update
    bool ended = false;  ///< the script ended by itself, which an unfinished last window says; false: its recording did
};

Stream stream_of(const Trace& trace);

/// How many samples the reference used after each of its windows.
std::vector<std::size_t> window_ends(const Yardstick& yardstick);

/// How many micros of the step came before its last clear that an update follows: their gradients were never used.
std::size_t cleared_micros(const Step& step);

/// Where the candidate has used as many samples as the reference after a window.
struct Milestone {
    std::size_t window = 0;   ///< index into Yardstick::windows
    std::size_t updates = 0;  ///< that the candidate made so far
    bool same = false;        ///< the same samples, in any order
};

std::vector<Milestone> milestones(const Yardstick& yardstick, const Stream& stream);

/// Whether the candidate used the reference's samples in the reference's order of windows, however it cut them: then
/// other windows are its fault, and otherwise nothing can be said of them.
bool same_order(const Yardstick& yardstick, const Stream& stream);

}  // namespace isobatch
