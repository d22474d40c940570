#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "plan/identity.h"
#include "plan/mesh.h"
#include "plan/slice.h"
#include "plan/trial.h"
#include "run/case.h"
#include "run/clip.h"

namespace isobatch {

struct Replica;
struct Setup;

/// The micros of one optimizer step and what they hold: everything that the loop's decisions may look at.
struct Window {
    Batch batch;
    Mesh mesh;
    std::vector<std::int64_t> samples;            ///< in the epoch's order
    std::vector<Slice> micros;                    ///< in sampler order
    std::vector<double> micro_units;              ///< of each slice
    double units = 0;                             ///< of the whole window
    double padded_units = 0;                      ///< with the padding of its micros
    std::vector<double> micro_padded_units = {};  ///< of each slice
    /// Its losses are multiplied by it and its gradients divided by it again, as where small ones would be lost.
    double scale = 1;

    /// The samples of one slice.
    std::span<const std::int64_t> of(const Slice& micro) const;
    double units_of(const Slice& micro) const;
    /// Whether these two slices hold as many samples, and as many units with padding.
    bool same_shape(const Slice& a, const Slice& b) const;
    /// What the window's mean divides by: its units, or 1 where nothing is scored, since the sum of nothing is 0.
    double denominator() const { return units > 0 ? units : 1; }
    /// Micros of one place of the mesh.
    std::int64_t micros_on(int place) const;
    /// Micros of the place that has most.
    std::int64_t most_micros() const;
};

/// What the exchange leaves on every rank.
enum class Reduction {
    mean,          ///< of all ranks' gradients
    mean_in_bf16,  ///< of them, each divided and rounded to bf16 before it is sent, and summed so
    sum_in_fp16,   ///< of them, each rounded to fp16 before it is sent, and divided after they are summed so
    sum,           ///< of them
    own_part,      ///< what is there when nobody waits for the others: this rank's part of the mean
    last_alone,    ///< the mean of what the window's last micros added; what came before, averaged in the inner group
                   ///< alone
};

std::vector<std::size_t> every_one(const std::vector<at::Tensor>& parameters);

std::optional<Clip> clip_to_the_case(const Window& window, Replica& replica);

/// Whether some entry of its gradients is not finite, where its losses are scaled so that small ones are not lost.
bool has_overflown(const Window& window, const Replica& replica);

/// What trainers get wrong, as plain functions. The defaults are the correct trainer; a planted fault replaces one of
/// them.
struct Decisions {
    /// What a micro's summed loss is divided by before its backward. Places average their gradients, hence their
    /// number.
    std::function<double(const Window&, const Slice&)> divisor = [](const Window& window, const Slice&) {
        return window.denominator() / window.mesh.places;
    };
    /// A micro's loss, or that of some of its examples, summed over their units: the case's.
    std::function<at::Tensor(const Window&, const Slice&, const Case&, torch::nn::Module&, const Examples&)> losses =
        [](const Window&, const Slice&, const Case& subject, torch::nn::Module& model, const Examples& examples) {
            return subject.loss_sum(model, examples);
        };
    /// Whether the ranks exchange their gradients in this window.
    std::function<bool(const Window&)> exchanges = [](const Window& window) { return window.mesh.places > 1; };
    /// With which of a rank's micros: its last one.
    std::function<bool(const Window&, const Slice&)> exchanges_with = [](const Window& window, const Slice& micro) {
        return micro.micro + 1 == window.micros_on(micro.place);
    };
    /// Which parameters' gradients take part: all.
    std::function<std::vector<std::size_t>(const std::vector<at::Tensor>& parameters)> exchanged = every_one;
    Reduction reduction = Reduction::mean;
    /// The share of a micro's gradient that arrives in the accumulator, beside the divisor: all of it.
    std::function<double(const Window&, const Slice&)> arrives = [](const Window&, const Slice&) { return 1; };
    /// The share of that which arrives in every second parameter: all of it.
    std::function<double(const Window&, const Slice&)> arrives_in_some = [](const Window&, const Slice&) { return 1; };
    /// What a micro's loss counts in the report, beside its weight in the gradient: 1.
    std::function<double(const Window&, const Slice&)> reports = [](const Window&, const Slice&) { return 1; };
    /// How often a micro's samples pass through the model before its backward: once.
    std::function<int(const Window&, const Slice&)> forwards = [](const Window&, const Slice&) { return 1; };
    /// What befalls a replica's gradients once a micro's backward is done: nothing.
    std::function<void(const Window&, const Slice&, Replica&)> disturbs = [](const Window&, const Slice&, Replica&) {};
    /// The format that a rank's sum over its micros is kept in; none: that of the parameters.
    std::optional<at::ScalarType> accumulator = std::nullopt;
    /// Whether the gradients are cleared before this micro.
    std::function<bool(const Window&, const Slice&)> clears_before = [](const Window&, const Slice&) { return false; };
    /// Clips the gradients of a replica before its step; nothing where its norm may be any.
    std::function<std::optional<Clip>(const Window&, Replica&)> clips = clip_to_the_case;
    /// Whether they are cleared after the optimizer step.
    std::function<bool(const Window&)> clears_after_step = [](const Window&) { return true; };
    /// Whether the window is trained on at all.
    std::function<bool(const Window&)> trains_on = [](const Window&) { return true; };
    /// What befalls a replica's parameters once its step is done: nothing.
    std::function<void(Replica&)> keeps = [](Replica&) {};
    /// What befalls a replica that goes on from a checkpoint: nothing.
    std::function<void(Replica&)> resumes = [](Replica&) {};
    /// What else passes through a replica's model once its step is done: nothing.
    std::function<void(const Window&, const Setup&, Replica&)> evaluates = [](const Window&, const Setup&, Replica&) {};
    /// Optimizer steps at the end of a window.
    std::function<int(const Window&)> steps = [](const Window&) { return 1; };
    /// Whether a step is left out: where losses are scaled, one of a gradient that is not finite.
    std::function<bool(const Window&, const Replica&)> skips = has_overflown;
    /// Whether its parameters decay, where the optimizer lets them.
    std::function<bool(const Window&)> decays = [](const Window&) { return true; };
    /// Steps that the optimizer's own count takes each of them for, where it keeps one.
    std::function<std::int64_t(const Window&)> counts = [](const Window&) { return 1; };
    /// Updates of the parameters' average after it, where one is kept.
    std::function<std::int64_t(const Window&)> averages = [](const Window&) { return 1; };
    /// Advances of the learning rate's schedule after it.
    std::function<std::int64_t(const Window&)> schedule_steps = [](const Window&) { return 1; };
    /// The optimizer steps that the schedule is spread over: those of the run.
    std::function<std::int64_t(std::int64_t trained, const Split&)> horizon = [](std::int64_t trained, const Split&) {
        return trained;
    };
    /// The batches that end in a step: the contract's.
    std::function<std::vector<Batch>(std::vector<Batch>, const Split&)> batches = [](std::vector<Batch> all,
                                                                                     const Split&) { return all; };
    /// Changes which samples a window holds, and how they are cut: nothing.
    std::function<void(const Setup&, Window&)> picks = [](const Setup&, Window&) {};
};

/// All that one run is made of.
struct Setup {
    const Case* subject;
    Trial trial;
    Dataset data;
    Decisions decisions;
    /// Each window is run as this twin of it, where that fits.
    std::optional<Identity> twin = std::nullopt;
    /// Of each parameter in a window. Where this is set, every sample is a backward of its own, whose gradient is
    /// rounded to a multiple of it.
    std::function<std::vector<double>(const Window&)> quanta = nullptr;

    /// Those that this trainer steps on.
    std::vector<Batch> batches() const;
    /// How many windows this trainer trains on.
    std::int64_t trained_windows() const;
    /// What its schedule is spread over.
    std::int64_t horizon() const { return decisions.horizon(trained_windows(), trial.split); }
    /// The order in which this epoch visits the samples.
    std::vector<std::int64_t> order(int epoch) const;
    /// The window of a batch under the trial's split, in the order of its epoch, which no split changes.
    Window window(const Batch& batch) const;
    /// What an identity's fitness hangs on, in this batch's window.
    Cut cut_of(const Batch& batch) const;
    /// The examples of some samples on the trial's device, their floating-point tensors in this dtype, with no more
    /// bits than the recipe gives its model.
    Examples examples(std::span<const std::int64_t> samples, at::ScalarType dtype) const;
};

/// Plants a fault in a setup; core code knows its power and its checks, the cases know how. Throws Error for an unknown
/// id.
using Plant = std::function<void(const std::string& id, Setup& setup)>;

/// Makes the data set, and the device ready; plants nothing. Throws Error for an unknown case, for a device that is not
/// there, and for an exact case in a recipe of few bits.
Setup make_setup(const Trial& trial);

/// The order in which an epoch visits the samples.
std::vector<std::int64_t> epoch_order(std::int64_t samples, int epoch, Seed seed);

}  // namespace isobatch
