#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "plan/slice.h"
#include "plan/trial.h"
#include "trace/trace.h"

namespace isobatch {

/// What a synthetic matrix holds: two epochs of windows of 16, 16 and 11 samples, unless said otherwise.
struct SyntheticOptions {
    Recipe recipe = Recipe::fp64;
    std::uint64_t seed = 1;
    std::int64_t samples = 43;
    std::int64_t effective = 16;
    int epochs = 2;
    int copies = 1;
    Lengths lengths = Lengths::ragged;
    std::vector<Parameter> parameters{{"weight", {6, 5}}, {"bias", {7}}, {"key", {4}}};
    double clip_norm = 0;  ///< the norm that every step is clipped to; 0: no clipping
    bool buffers = false;  ///< whether the model keeps some beside its parameters
    double alike = 0;      ///< how much of their gradient the samples of a window have in common, from 0 to 1
};

/// One window at the reference's parameters.
struct SyntheticWindow {
    Batch batch;
    std::vector<std::int64_t> samples;  ///< in the epoch's order
    std::vector<double> units;          ///< in the same order
    std::vector<std::vector<double>>
        gradients;  ///< of each sample's summed loss, all parameters in a row, without rounding
    std::vector<double> losses;
    double total_units = 0;
};

/// The sample that has neither units nor a gradient.
inline constexpr std::int64_t silent_sample = 3;

/// The loop that makes a candidate, as its decisions. The defaults are the correct trainer.
struct SyntheticLoop {
    /// What a micro's summed loss is divided by; ranks average their gradients.
    std::function<double(const WindowLayout&, const MicroCount&, double devices)> divisor =
        [](const WindowLayout& window, const MicroCount&, double devices) { return units_of(window) / devices; };
    /// Multiplies the gradient, but not the loss, of the sample at position `sample` of window `w`.
    std::function<double(std::size_t w, std::size_t sample)> weight = [](std::size_t, std::size_t) { return 1.0; };
    /// Multiplies the gradient, but not the loss, of a micro.
    std::function<double(const WindowLayout&, const MicroCount&)> arrives = [](const auto&, const auto&) {
        return 1.0;
    };
    bool clears_before_micro = false;
    bool clears_after_step = true;
    bool trains_on_tail = true;
    bool exchanges = true;
    /// The micro after whose backward a rank gives its gradient to the others.
    std::function<int(int micros)> exchanged_with = [](int micros) { return micros - 1; };
    double reduced_by = 0;        ///< what the ranks' sum is divided by; 0: their number
    bool keeps_own_part = false;  ///< instead of the mean, this rank's part of it
    bool last_alone = false;      ///< only what the window's last micros add is exchanged
    std::string left_out;         ///< a parameter that is not exchanged
    bool sums_in_bf16 = false, exchanges_in_bf16 = false;
};

/// Records the norm of the step's gradients, and what clips it to `threshold`, as a correct trainer does.
void record_norm(Step& step, double threshold);

/// How a window is cut under a split, in sampler order.
WindowLayout layout_of(const SyntheticWindow& window, const Split& split, int copies = 1);

/// A training run without a model: random gradients for every sample of every window, and a rounding error of the
/// recipe's size wherever one is computed or added. The gradient of the parameter "key" is zero but for that error,
/// like an attention key bias.
class Synthetic {
public:
    explicit Synthetic(SyntheticOptions options = {});

    const std::vector<SyntheticWindow>& windows() const { return windows_; }
    /// The trial of a split.
    Trial trial(const Split& split) const;
    /// The single large batch, with all that a reference carries.
    const Trace& reference() const { return reference_; }
    /// What this loop leaves in this split, every window starting from the reference's parameters.
    Trace candidate(const Split& split, const SyntheticLoop& loop = {}) const;

private:
    using Flat = std::vector<double>;  ///< one number for each element of all parameters

    double rounded(double value) const;
    void put(Step& step, const std::string& prefix, const Flat& flat) const;
    Flat backward(std::size_t w, const Slice& micro, double divisor, const SyntheticLoop& loop = {}) const;
    double loss(std::size_t w, const Slice& micro) const;
    Manifest manifest(const Split& split) const;
    Step empty_step(std::size_t w, std::int64_t number) const;
    void accumulate(std::size_t w, const Split& split, const SyntheticLoop& loop, std::vector<Flat>& sums,
                    std::vector<Flat>& given, std::vector<Step>& steps) const;
    Flat reduced(const std::vector<Flat>& sums, double by) const;
    void exchange(const SyntheticLoop& loop, const std::vector<Flat>& given, std::vector<Flat>& sums) const;
    std::vector<Flat> state_after(std::size_t w) const;
    void put_forced(std::size_t w, Step& step) const;
    void make_reference();
    void trust(std::size_t w, Step& step) const;

    SyntheticOptions options_;
    std::size_t elements_ = 0;
    std::vector<Batch> batches_;
    std::vector<SyntheticWindow> windows_;
    std::string digest_;
    Trace reference_;
};

}  // namespace isobatch
