#pragma once

#include <array>
#include <string>
#include <string_view>

namespace isobatch {

/// One question that the judge asks of a trial.
enum class Check {
    data,        ///< which samples, how often, in which window
    events,      ///< the order of backward, clear, reduce and step
    step,        ///< counts of updates and the learning rate of each
    grad,        ///< the gradient before clip and optimizer, per parameter and per rank
    loss,        ///< the loss of each window under the contract
    identity,    ///< whether the window and its twins have the same gradient, bit for bit
    norm,        ///< the norm that a step clipped by, and what it multiplied the gradient by
    param,       ///< the parameters that the step leaves, from the reference's state and gradient, bit for bit
    opt,         ///< the optimizer's state after it, likewise
    buffers,     ///< what the model keeps beside its parameters, as forwards of the window's micros leave it
    trajectory,  ///< the losses of a run of its own, which follows nothing, beside those of trusted splits
};

inline constexpr std::array all_checks{Check::data, Check::events,   Check::step,      Check::grad,
                                       Check::loss, Check::identity, Check::norm,      Check::param,
                                       Check::opt,  Check::buffers,  Check::trajectory};

/// Whether a trial has it only where it was asked for.
constexpr bool asked_for(Check check) {
    return check == Check::identity || check == Check::trajectory;
}

std::string to_string(Check check);
Check parse_check(std::string_view text);

}  // namespace isobatch
