#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace isobatch {

/// What one slot of an optimizer's state, such as `exp_avg`, holds before an update.
struct Slot {
    std::int64_t parameters = 0;  ///< that have it
    std::optional<double> norm;   ///< Euclidean, over all of them; none: nobody looked

    bool operator==(const Slot&) const = default;
};

/// What a recorder saw of an outside trainer's update beside its gradients and samples.
struct Watched {
    /// Of each group of parameters, what its optimizer is set to beside the learning rate: name → value as JSON.
    std::vector<std::map<std::string, std::string>> settings;
    std::map<std::string, Slot> state;
    bool drew = false;         ///< random numbers, between a forward and its backward
    std::optional<int> moved;  ///< the first micro before which the parameters had changed without an update

    bool operator==(const Watched&) const = default;
};

Json to_json(const Watched& watched);
Watched watched_from(const Json& object, const std::string& where);

}  // namespace isobatch
