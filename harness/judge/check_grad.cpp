#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "judge/compare.h"
#include "judge/judge.h"
#include "judge/narrow.h"
#include "judge/per_backward.h"
#include "trace/sketch.h"

namespace isobatch {

const Tensor& gradient_of(const Step& step, const TensorScale& scale, int rank) {
    const auto it = step.tensors.find("grad/" + scale.name);
    const std::string place =
        fmt::format("rank {}, step {}, tensor \"grad/{}\"", rank, step.number.value_or(0), printable(scale.name));
    if (it == step.tensors.end())
        throw Error("the trace does not hold a gradient that the reference has", place, "record at level grads");
    if (it->second.count() != scale.truth.count())
        throw Error(fmt::format("{} elements, the reference has {}", it->second.count(), scale.truth.count()), place,
                    "name traces of one model");
    if (!is_floating(it->second.dtype))
        throw Error(fmt::format("a gradient of dtype {}", to_string(it->second.dtype)), place,
                    "write a floating-point tensor");
    return it->second;
}

namespace {

/// Of what is allowed, the share that clean runs stay below; where strict holds, all.
double suspect_share(const Yardstick& yardstick, bool strict) {
    if (strict) return 1;
    const Bound bound = bound_of(yardstick.recipe);
    return bound.suspect / bound.fail;
}

Outcome outcome_of(double margin, double suspect) {
    if (!(margin <= 1)) return Outcome::divergent;
    return margin > suspect ? Outcome::inconclusive : Outcome::equivalent;
}

/// How many elements of the worst tensor are too far away.
struct Extent {
    std::int64_t over = 0, count = 0;
};

/// Keeps the largest margin of the t-th parameter. Every judged window of a yardstick has them in the model's order.
void note(std::vector<ParameterMargin>& parameters, std::size_t t, const std::string& name, double margin) {
    if (t == parameters.size()) parameters.push_back({name, margin});
    if (!(margin <= parameters[t].margin)) parameters[t].margin = margin;  // a NaN stays
}

/// Folds one comparison into the result: the worst outcome, the first place that is not equivalent, the largest margin.
/// The comparison's own margin. `whole`: nothing more is known of the gradient that might differ.
double fold(CheckResult& result, Extent& extent, const Tensor& gradient, const TensorScale& scale,
            const Tolerance& tolerance, double suspect, bool whole, Place place) {
    const Difference difference = compare(gradient, scale.truth, tolerance.allowed());
    const double margin = margin_of(difference.largest, tolerance);
    const Outcome outcome =
        margin <= 1 && whole && identical(gradient, scale.gradient) ? Outcome::identical : outcome_of(margin, suspect);
    result.outcome = worst(result.outcome, outcome);
    place.index = std::max<std::int64_t>(difference.at, 0);
    if (outcome > Outcome::equivalent && !result.first) {
        result.first = place;
        if (difference.over > 0) result.first->index = difference.first;
    }
    if (!result.worst || margin > result.margin) {
        result.worst = place;
        result.margin = margin;
        result.observed = difference.largest;
        result.tolerance = tolerance;
        extent = {difference.over, static_cast<std::int64_t>(gradient.count())};
    }
    return margin;
}

/// How far what the gradient has of the truth is from all of it.
double projection_error(const Step& step, const WindowScale& window, int rank) {
    double product = 0, square = 0;
    for (const TensorScale& scale : window.tensors) {
        Block memory;
        std::size_t begin = 0;
        each_block(gradient_of(step, scale, rank), scale.name, [&](std::span<const double> gradient) {
            const std::span<const double> truth = block_of(scale.truth, begin, memory, scale.name);
            for (std::size_t j = 0; j < truth.size(); ++j) {
                product += gradient[j] * truth[j];
                square += truth[j] * truth[j];
            }
            begin += truth.size();
        });
    }
    return square > 0 ? std::abs(product / square - 1) : 0;
}

/// What a sketch's coordinates do not show may show in the norm of all n elements: norms are no further apart than the
/// gradients are, which is √n of what one element may be off by.
Tolerance norm_tolerance(Tolerance tolerance, const Parameter& parameter) {
    const double root =
        std::sqrt(std::accumulate(parameter.shape.begin(), parameter.shape.end(), 1.0, std::multiplies<>()));
    tolerance.error *= root;
    tolerance.magnitude *= root;
    return tolerance;
}

const Whole& whole_of(const Step& step, const std::string& name) {
    const auto it = step.sketched.find(name);
    if (it == step.sketched.end())
        throw Error("the sketch does not tell norm and digest of a gradient",
                    fmt::format("step {}, {}", step.number.value_or(0), printable(name)),
                    "write \"sketched\" (see the trace format)");
    return it->second;
}

/// As fold, for one number of a gradient: the place names no tensor, or no element.
void fold_number(CheckResult& result, double observed, const Tolerance& tolerance, double suspect, const Place& place) {
    if (std::isnan(observed)) observed = std::numeric_limits<double>::infinity();
    const double margin = margin_of(observed, tolerance);
    const Outcome outcome = outcome_of(margin, suspect);
    if (outcome == Outcome::equivalent) return;
    result.outcome = worst(result.outcome, outcome);
    if (!result.first) result.first = place;
    if (margin <= result.margin) return;
    result.worst = place;
    result.margin = margin;
    result.observed = observed;
    result.tolerance = tolerance;
}

/// An element of a sketch, as the element of the parameter that it is.
void locate(std::optional<Place>& place, const std::vector<Parameter>& parameters, const Trace& candidate) {
    for (const Parameter& parameter : parameters)
        if (place && place->index >= 0 && place->tensor == parameter.name)
            place->index = sketch_coordinates(parameter, candidate.manifest.split.effective())
                               .at(static_cast<std::size_t>(place->index));
}

bool starts_otherwise(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment) {
    for (std::size_t k = 0; k < alignment.window.size(); ++k)
        if (alignment.window[k] && !same_start(candidate, k, yardstick.windows[*alignment.window[k]])) return true;
    return false;
}

/// Too few bits are wrong also where the arithmetic's own roundings hide what they cost.
void add_bits(CheckResult& result, const std::optional<double>& share) {
    if (!share || *share < narrow_limit) return;
    result.outcome = Outcome::divergent;
    if (!result.first) result.first = result.worst;
    result.message =
        fmt::format("{:.4g} % of the gradient's entries have only the 8 bits of bf16, where a sum in {} was promised",
                    100 * *share, "fp32");
}

/// Of a gradient that is held to the reference's alone.
std::string text_of_unexplained(const CheckResult& result, double unexplained, const std::string& term) {
    const bool suspect = result.outcome == Outcome::inconclusive;
    return fmt::format(
        "{}the gradient is {:.3g} from the reference's, more than rounding leaves{}: {}; {}no weights of the "
        "samples' own gradients give the reference's (residual {:.2g}), so that splits were held to one another",
        suspect ? "suspect: " : "", result.observed, suspect ? ", but less than fewer bits inside the model might" : "",
        to_string(*result.worst), term.empty() ? "" : term + "; ", unexplained);
}

}  // namespace

CheckResult check_grad(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment, bool strict) {
    CheckResult result{.check = Check::grad};
    Extent extent;
    bool any = false;
    std::string term;  // where no weights can say what is wrong
    double unexplained = 0;
    const double all_suspect = suspect_share(yardstick, strict);
    each_judged(yardstick, candidate, alignment, [&](std::size_t k, int rank, const WindowScale& window) {
        const Step& step = candidate.ranks[static_cast<std::size_t>(rank)][k];
        const bool exact = same_bits(window, candidate.manifest.mesh());
        const double suspect = window.unexplained > 0 ? window.suspect : all_suspect;
        unexplained = std::max(unexplained, window.unexplained);
        for (std::size_t t = 0; t < window.tensors.size(); ++t) {
            const TensorScale& scale = window.tensors[t];
            const Place place{static_cast<std::int64_t>(k + 1), rank, scale.name};
            const auto sketched = window.sketched.find(scale.name);
            const bool whole =
                sketched == window.sketched.end() || whole_of(step, scale.name).digest == sketched->second.digest;
            note(result.parameters, t, scale.name,
                 fold(result, extent, gradient_of(step, scale, rank), scale, owed(scale.tolerance, exact), suspect,
                      whole, place));
            if (!whole)
                fold_number(result, std::abs(whole_of(step, scale.name).norm - sketched->second.norm),
                            norm_tolerance(scale.tolerance, yardstick.parameters[t]), suspect,
                            {place.step, rank, scale.name, -1});
            any = true;
        }
        if (window.scale && !exact)
            fold_number(result, projection_error(step, window, rank), *window.scale,
                        strict ? 1 : scale_suspect_factor / scale_fail_factor,
                        {static_cast<std::int64_t>(k + 1), rank, "", -1});
        if (window.unexplained > 0 && term.empty() && candidate.ranks.size() == 1)
            term = term_of_each_backward(window, step);
    });
    if (!term.empty()) result.outcome = worst(result.outcome, Outcome::divergent);  // no rounding has one direction
    if (yardstick.level == Level::sketch)
        for (std::optional<Place>* place : {&result.first, &result.worst})
            locate(*place, yardstick.parameters, candidate);
    if (!any) {
        result.outcome = Outcome::inconclusive;
        result.first = Place{};  // the whole run
        result.message = !yardstick.unread.empty() ? yardstick.unread
                         : starts_otherwise(yardstick, candidate, alignment)
                             ? "not comparable: the first window starts from other parameters than the reference's; "
                               "make the model before "
                               "anything is drawn that depends on the split"
                             : "no window of this trial could be compared: none holds the samples of a judged window";
    } else if (result.outcome > Outcome::equivalent && unexplained > 0) {
        result.message = text_of_unexplained(result, unexplained, term);
    } else if (result.outcome == Outcome::divergent && result.worst->tensor.empty()) {
        result.message = fmt::format("the scale of the gradient is off by {:.3g} where {:.3g} is allowed: {}",
                                     result.observed, result.tolerance.allowed(), to_string(*result.worst));
    } else if (result.outcome == Outcome::divergent && result.worst->index < 0) {
        result.message =
            fmt::format("the norm of a gradient is {:.3g} from the reference's where {:.3g} is allowed: {}",
                        result.observed, result.tolerance.allowed(), to_string(*result.worst));
    } else if (result.outcome == Outcome::divergent) {
        result.message = fmt::format(
            "the gradient is {:.3g} from the truth where {:.3g} is allowed: {} ({} of the {} elements are too far)",
            result.observed, result.tolerance.allowed(), to_string(*result.worst), extent.over, extent.count);
    } else if (result.outcome == Outcome::inconclusive) {
        result.message = fmt::format("suspect: {:.2g} of the allowed distance, clean runs stay below {:.2g}{}",
                                     result.margin, all_suspect, yardstick.ours ? "; --identities strict decides" : "");
    }
    if (result.outcome < Outcome::divergent) add_bits(result, narrow_share(yardstick, candidate, alignment));
    return result;
}

namespace {

/// What moves an entry beyond what is allowed: where nothing is, a unit in the last place of the tensor's size.
double smallest_seen(const TensorScale& scale, bool exact) {
    return exact ? scale.tolerance.unit_roundoff * scale.tolerance.magnitude : scale.tolerance.allowed();
}

}  // namespace

double sensitivity_of(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment) {
    double least = 0;
    bool any = false;
    each_judged(yardstick, candidate, alignment, [&](std::size_t, int rank, const WindowScale& window) {
        if (rank != 0) return;  // the ranks of a green trial hold one gradient
        const bool exact = same_bits(window, candidate.manifest.mesh());
        any = true;
        for (std::size_t i = 0; i < window.samples.size(); ++i) {
            // A weight error d moves tensor T by d·peak; what is observed may hide at most `allowed`, so 2·allowed is
            // always red.
            double needed = std::numeric_limits<double>::infinity();
            for (const TensorScale& scale : window.tensors)
                if (scale.sample_peaks[i] > 0)
                    needed = std::min(needed, 2 * smallest_seen(scale, exact) / scale.sample_peaks[i]);
            if (std::isfinite(needed))
                least = std::max(least, needed);  // a sample without a gradient has no weight to be wrong
        }
    });
    return any ? least : std::numeric_limits<double>::infinity();
}

}  // namespace isobatch
