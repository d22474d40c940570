#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/json.h"
#include "diagnose/record.h"

namespace isobatch {

/// What splits of a matrix pay for nothing, though they train right: never a divergence.
struct Waste {
    std::string summary;  ///< what, where and how much, as a sentence
    std::string remedy;
    std::string repro;  ///< the command that repeats the trial that pays most
};

/// Nothing where every split exchanges its gradients about once a window, or nothing was counted.
std::optional<Waste> waste_of(std::span<const Record> matrix);

Json to_json(const Waste& waste);

}  // namespace isobatch
