#pragma once

#include <string>
#include <vector>

#include "plan/layout.h"
#include "trace/manifest.h"
#include "trace/step.h"

namespace isobatch {

/// What one trial did: the value that everything after a run reads, in memory or from its directory.
struct Trace {
    Manifest manifest;
    std::vector<std::vector<Step>> ranks;  ///< ranks[r][k]: the k-th optimizer step of rank r
};

/// A digest of everything that a candidate can follow: steps, losses and the state of every rank.
std::string content_digest(const Trace& trace);

/// How the k-th step was cut into micros, over all ranks.
WindowLayout layout_of(const Trace& trace, std::size_t k);

/// layout_of for every step.
std::vector<WindowLayout> layouts_of(const Trace& trace);

}  // namespace isobatch
