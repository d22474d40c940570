#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "judge/tolerance.h"
#include "plan/clause.h"
#include "trace/trace.h"

namespace isobatch {

/// How far a gradient of one parameter may lie from the truth, in one window.
struct TensorScale {
    std::string name;
    Tensor gradient;  ///< the reference's own
    Tensor truth;  ///< what a candidate is measured against: the fp64 gradient, or `gradient` in fp64 and without one
    Tolerance tolerance;
    double cut_error = 0;              ///< E of the trusted runs that do not rescale
    double quantum = 0;                ///< of a lattice on which its shares add up exactly; 0: none
    std::vector<double> sample_peaks;  ///< largest |entry| of each sample's share, in the order of WindowScale::samples
};

/// One window of the reference, as a measure for the candidates.
struct WindowScale {
    std::int64_t step = 0;
    int epoch = 1;
    std::vector<std::string> samples;  ///< ids, in the reference's order
    std::vector<double> sample_units;  ///< in the same order; empty where an outside trainer's samples are not known
    double units = 0;                  ///< that the micros counted
    double padded_units = 0;           ///< the same with padding, where its trainer is an outside one
    std::vector<double> lr;
    Counters counters;
    std::optional<double> loss;  ///< the reference's own
    std::optional<double> loss_truth;
    Tolerance loss_tolerance;
    double coupling = 0;              ///< of its samples (trace/step.h)
    std::optional<Tolerance> scale;   ///< of the projection of a gradient on the truth, relative; none in wide recipes
    std::vector<double> free_losses;  ///< of trusted runs that follow nothing
    std::size_t micros = 0;           ///< that the reference cut it into, where its trainer is an outside one
    std::string started;              ///< digest of the parameters that it started from; empty where nobody looked
    std::map<std::string, Whole> sketched;  ///< of the gradients that are sketches, by parameter
    std::vector<Tensor> gradients;          ///< the reference's, in the order of the parameters
    std::vector<TensorScale> tensors;       ///< empty in a window that is not judged
    /// By how many bits the accumulator is wider than the widest sum that any order of evaluation can form, so that a
    /// right split has the same bits; negative where that is not certified.
    double spare_bits = -1;
    std::optional<double> clip_threshold, grad_norm, clip_factor;  ///< the reference's own
    std::map<std::string, Tensor> update;     ///< `param/<p>` and `opt/<slot>/<p>` after the step, where it is judged
    std::vector<std::vector<Tensor>> shares;  ///< shares[i][t]: sample i's share of the gradient of tensors[t]
    /// unit_shares[i][t]: the same of each of its scored units, one after another, [units, …]; nothing of a sample
    /// without any. Empty where the reference does not have them.
    std::vector<std::vector<Tensor>> unit_shares;
    /// Of each term that the loss has once a window, what of the gradient comes from it, in the order of `tensors`; an
    /// empty tensor where nothing does.
    std::map<std::string, std::vector<Tensor>> terms;
    /// What sample i's shares are still to be multiplied by, as the gradients of an outside trainer's samples are;
    /// empty: nothing.
    std::vector<double> share_factors;
    /// What no weights of an outside trainer's samples explain of the gradient, relative to it, where that is more than
    /// rounding: then its splits are held to one another alone (judge/outside_scale.h).
    double unexplained = 0;
    double suspect = 0;              ///< there, of what is allowed: above it no rounding of what was recorded
    std::vector<Tensor> one_by_one;  ///< there, the gradient of the run with one sample a micro, where it is known
    std::optional<Watched> watched;  ///< of an outside trainer, where its recorder looked
};

/// Whether this window must have the reference's bits where the gradients of so many places are averaged: a division by
/// a power of two is exact, one by 3 is not; and what is averaged twice, as a static graph's first window, is summed as
/// often as there are places.
bool same_bits(const WindowScale& window, const Mesh& mesh);

/// What a gradient or a loss may be off by: nothing where the bits are owed. The sign of a zero is left free, as every
/// comparison of numbers does: it depends on the order even where no value does.
Tolerance owed(Tolerance tolerance, bool same_bits);

/// Everything that the judge needs of the reference, made once for a matrix.
struct Yardstick {
    std::string trial;   ///< text form of the reference's
    std::string digest;  ///< a candidate that was forced from a reference must name this one
    Recipe recipe = Recipe::fp64;
    std::optional<Contract> contract;
    bool ours = true;  ///< false: an outside trainer, whose data order, events and schedule nobody promised
    std::vector<Parameter> parameters;
    std::vector<std::string> buffers;  ///< what its model keeps beside them
    std::vector<WindowScale> windows;
    Level level = Level::grads;  ///< of the reference: what its gradients, and those of every candidate, are
    /// The largest that any judged window shows.
    double coupling() const;
    bool ended = true;            ///< the run ended by itself after the last window; false: its recording did
    std::vector<Clause> clauses;  ///< of an outside trainer: what its contract rests on
    std::string unread;           ///< of an outside trainer: why no gradient is compared; empty where some are
};

/// From a reference trace, which carries its shares, scales and fp64 gradients. Throws Error naming what is absent.
Yardstick yardstick_of(const Trace& reference);

/// Applies the floor to every tensor's magnitude.
void floor_magnitudes(WindowScale& window);

/// For an outside trainer, where nothing is trusted: the windows of `reference`. The first is judged, and each later
/// one that both runs say they started from the same parameters, with what each micro of `columns` (one sample a micro)
/// added as the shares. The shares are scaled to the reference by least squares; E is the residual of that fit, which
/// holds rounding noise only, whatever weights the trainer used. Where no weights fit, the splits are held to one
/// another, or, where a forward draws random numbers, to nothing. Where `columns` cuts the same samples into other
/// windows, no gradient can be judged. The contract is what was said of the trainer, in `said` or else in the
/// reference's manifest, and for the rest what the reference does (judge/outside_contract.h). At level losses no window
/// is judged. Throws Error when the samples differ.
Yardstick outside_yardstick(const Trace& reference, const Trace& columns, const Said& said = {});

}  // namespace isobatch
