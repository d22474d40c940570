#pragma once

#include "base/json.h"
#include "trace/trace.h"

namespace isobatch {

/// What a trial's ranks moved between them, on the rank that moved most. Counts, which two runs of a trial share.
struct Traffic {
    std::int64_t calls = 0, bytes = 0;  ///< of all collectives of all steps
    /// How often the gradients of a window were reduced, in the window with most: bytes of all-reduces ÷ bytes of the
    /// gradients. Once is enough; 0 where nothing was counted. The first of several windows does not count: there a
    /// static graph is learnt, in an exchange of its own.
    double exchanges = 0;

    bool operator==(const Traffic&) const = default;
};

Traffic traffic_of(const Trace& trace);

Json to_json(const Traffic& traffic);
Traffic traffic_from_json(const Json& object, const std::string& where);

}  // namespace isobatch
