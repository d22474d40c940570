#pragma once

#include <optional>
#include <string>
#include <vector>

#include "judge/yardstick.h"
#include "trace/trace.h"

namespace isobatch {

/// Which window of the reference each step of a candidate is, by the samples that it held and never by its number.
struct Alignment {
    std::vector<std::optional<std::size_t>>
        window;                        ///< window[k]: index into Yardstick::windows of the candidate's step k
    std::vector<std::size_t> missing;  ///< windows of the reference that no step is
    std::vector<std::vector<std::string>> samples;  ///< samples[k]: what step k held over all places, sorted
};

/// A step matches the next window of its epoch that holds exactly the same samples, each as often.
Alignment align(const Yardstick& yardstick, const Trace& candidate);

}  // namespace isobatch
