#pragma once

#include <memory>
#include <string>

#include "diagnose/record.h"
#include "diagnose/recover.h"
#include "judge/yardstick.h"
#include "trace/trace.h"

namespace isobatch {

/// The one way from a trace to a record: judge, and where it is not equivalent read its weights. In the worker's memory
/// and from files alike, so both give the same record but for the times.
class Examiner {
public:
    explicit Examiner(Yardstick yardstick) : yardstick_(std::make_unique<const Yardstick>(std::move(yardstick))) {}

    /// Throws Error when the candidate does not belong to the reference.
    Record examine(const Trace& candidate, std::string repro);
    const Yardstick& yardstick() const { return *yardstick_; }

private:
    std::unique_ptr<const Yardstick> yardstick_;  ///< stays where it is, for the decoder
    std::unique_ptr<Decoder> decoder_;            ///< made when something is first not equivalent
};

/// Whether no weights of samples explain what was read of some gradient, and nothing else does: then those of their
/// units might, in a reference that has their gradients.
bool wants_units(const Record& record);

}  // namespace isobatch
