#include "reports/html/matrix.h"

#include <fmt/format.h>

#include "reports/escaped.h"

namespace isobatch {

std::string matrix_name(const Trial& trial) {
    constexpr std::size_t longest = 60;
    return fmt::format("{}, effective batch {} ({}, {}, seed {}{})", first_characters(trial.subject, longest),
                       trial.split.effective(), to_string(trial.recipe), first_characters(trial.engine, longest),
                       trial.seed, trial.fault.empty() ? "" : ", planted " + first_characters(trial.fault, longest));
}

}  // namespace isobatch
