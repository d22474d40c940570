#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "judge/outcome.h"
#include "judge/tolerance.h"
#include "plan/check.h"
#include "plan/claim.h"
#include "plan/identity.h"

namespace isobatch {

/// Where something was seen.
struct Place {
    std::int64_t step = 0;  ///< 1-based optimizer step of the candidate; 0: the whole run
    int rank = 0;
    std::string tensor;       ///< empty: not about a tensor
    std::int64_t index = -1;  ///< flat element index

    bool operator==(const Place&) const = default;
};

std::string to_string(const Place& place);

/// How far the gradient of one parameter was from the truth, in the window and on the rank where it was furthest.
struct ParameterMargin {
    std::string parameter;
    double margin = 0;  ///< observed ÷ allowed

    bool operator==(const ParameterMargin&) const = default;
};

/// The loss of one step beside what it should be.
struct StepLoss {
    std::int64_t step = 0;              ///< of the candidate, 1-based
    std::optional<double> loss, truth;  ///< no truth: the step cannot be compared, since it holds other samples than
                                        ///< every window of the reference or starts from other parameters
    double allowed = 0;

    bool operator==(const StepLoss&) const = default;
};

/// The answer to one question.
struct CheckResult {
    Check check = Check::grad;
    Outcome outcome = Outcome::identical;
    double margin = 0;           ///< observed ÷ allowed at the worst place; 0 where the check is exact and holds
    double observed = 0;         ///< at the worst place
    Tolerance tolerance;         ///< at the worst place; empty for exact checks
    std::optional<Place> first;  ///< the earliest place that is not equivalent
    std::optional<Place> worst;  ///< the place with the largest margin
    std::string message;         ///< one sentence where it is not equivalent
    std::vector<ParameterMargin> parameters;  ///< of grad: each one, in the model's order
    std::vector<StepLoss> losses;             ///< of loss: each step, as the first copy of every place has it

    bool operator==(const CheckResult&) const = default;
};

/// How a trial stands one of the identities that it was asked for.
struct IdentityStatus {
    Identity identity = Identity::null_micro;
    std::int64_t windows = 0;  ///< judged windows that had this twin
    std::int64_t broken = 0;   ///< of them, those that it differs from
    std::string unfit;         ///< why no window had it; empty where one had

    bool operator==(const IdentityStatus&) const = default;
};

/// What the judge says of one trial.
struct Verdict {
    Outcome outcome = Outcome::identical;
    std::vector<CheckResult> checks;
    double margin = 0;  ///< the largest over the checks with a tolerance
    /// The smallest relative error of a single sample's weight that would have been divergent, whichever sample it hit;
    /// infinite when no window was judged.
    double sensitivity = 0;
    std::vector<Claim> tested;               ///< the claims that this trial could have falsified
    std::vector<IdentityStatus> identities;  ///< those that it was asked for

    bool operator==(const Verdict&) const = default;
};

/// Whether strict was tried and every bit of it was right: what distance there is, is roundings.
bool holds_strictly(const Verdict& verdict);

/// Throws Error when the trial has no such check.
const CheckResult& result_of(const Verdict& verdict, Check check);

Json to_json(const Verdict& verdict);
Verdict verdict_from_json(const Json& object, const std::string& where);

Json to_json(const Place& place);
Place place_from_json(const Json& object, const std::string& where);

}  // namespace isobatch
