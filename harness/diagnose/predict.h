#pragma once

#include <optional>
#include <vector>

#include "diagnose/evidence.h"
#include "plan/cause.h"

namespace isobatch {

/// What a cause would have left in one window's gradient, on one rank.
struct Prediction {
    std::vector<double> weights;      ///< per sample, 1 = right
    double stale = 0;                 ///< share of every earlier window's gradient
    bool in_part = false;             ///< in some parameters; in the others every weight is 1
    std::int64_t steps = 1;           ///< of the optimizer
    std::int64_t schedule_steps = 1;  ///< advances of the learning rate
    /// Steps by the optimizer's own count, where it keeps one; none: as many as were made.
    std::optional<std::int64_t> counted = std::nullopt;
    std::int64_t averages = 1;  ///< updates of an average of the parameters, where one is kept
    Clipping clipping = Clipping::right;
    Reporting reporting = Reporting::right;
    Updating updating = Updating::right;  ///< altered: where that has bits to lose
    bool not_a_number = false;            ///< whatever else is there
    bool rounded = false;                 ///< to bf16, so that no weights explain the gradient any better
    /// Per sample: so many of its first scored units count once, and the others not at all; its weight is their mean.
    /// Empty: all of a sample's units weigh the same.
    std::vector<double> first_units = {};
    double terms = 0;  ///< how often a term of the loss counts beyond its share in the samples
};

/// Nothing for `unknown`, which predicts nothing. Where the occasion is another, all is right.
std::optional<Prediction> predict(Cause cause, const WindowEvidence& window, int rank, const Occasion& occasion = {});

/// What it predicts of the weights that were read of samples, and of units where those were: of such as nothing tells
/// apart, the mean.
std::vector<double> weights_as_read(const Prediction& prediction, const Recovered& recovered);
std::vector<std::vector<double>> units_as_read(const Prediction& prediction, const Recovered& recovered);

/// What it predicts of each term: it is about one of them, the one that leaves them all the nearest to what was
/// recovered, in tolerances. All are right where none was recovered.
std::vector<double> terms_of(const Prediction& prediction, const WindowEvidence& window, const Recovered& recovered);

/// What it predicts of the gradient of so many windows before, the last one being 1: none of what came before a
/// restart.
double stale_of(const Prediction& prediction, const WindowEvidence& window, std::size_t before);

}  // namespace isobatch
