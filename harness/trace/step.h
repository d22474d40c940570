#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "trace/memory.h"
#include "trace/tensor.h"
#include "trace/watched.h"

namespace isobatch {

/// One backward, as it happened.
struct Micro {
    int index = 0;
    std::vector<std::string> samples;  ///< ids
    double units = 0;                  ///< what the contract's denominator counts here
    double padded_units = 0;           ///< the same with padding
    double loss = 0;               ///< the summed loss, or what the trainer gave to backward when only that was seen
    std::optional<double> weight;  ///< what the summed loss was multiplied by before backward, where known
    double forward_ms = 0, backward_ms = 0;
};

struct Counters {
    std::int64_t optimizer_steps = 0, scheduler_steps = 0, zero_grads = 0, ema_updates = 0;
    std::int64_t counted_steps = 0;  ///< as the optimizer's own state has them; 0 where it keeps no count

    bool operator==(const Counters&) const = default;
};

/// What only the reference trace knows of a window, beside its tensors.
struct Trusted {
    std::vector<double> sample_units;  ///< in the order of the window's samples
    double exact_loss = 0;             ///< fp64 loss at the same parameters
    double loss_magnitude = 0;         ///< the sum of |share of each sample in the loss|: A for the loss
    std::vector<double> loss_errors;   ///< distance to exact_loss of each trusted split: E for the loss
    /// How far the fp64 gradients of a cut are from adding up to that of the whole window, in units of what rounding
    /// one operation may cause: u·A, of the largest A. Rounding leaves a few; more is a model that couples its samples.
    double coupling = 0;
    std::optional<double> exact_bits;  ///< of the widest sum that any order can form, where that was certified
};

/// What one kind of collective moved in a step, as this rank saw it.
struct Collective {
    std::int64_t calls = 0, bytes = 0;

    bool operator==(const Collective&) const = default;
};

/// By name: `all_reduce`, `broadcast`, `all_gather` …
using Collectives = std::map<std::string, Collective>;

/// What a sketch says of a whole gradient, beside the coordinates that it holds of it.
struct Whole {
    double norm = 0;     ///< Euclidean
    std::string digest;  ///< of its elements as they lie in memory

    bool operator==(const Whole&) const = default;
};

/// What the update of a step left of parameters, or of the optimizer's state, beside what it owed: what the contract's
/// own update makes of the same gradient and the same state.
struct Made {
    std::string found, owed;  ///< digests of all their tensors
    std::string first;        ///< the first tensor that differs; empty: none does

    bool operator==(const Made&) const = default;
};

/// One optimizer step of one rank; a last one without a number holds an unfinished window.
struct Step {
    std::optional<std::int64_t> number;  ///< 1-based count of optimizer updates
    int epoch = 1;
    std::vector<std::string> events;
    std::vector<Micro> micros;
    std::optional<double> loss;  ///< what this rank optimised: the sum of its micros' weighted losses
    std::optional<double> grad_norm, clip_threshold, clip_factor;
    std::vector<double> lr;
    Counters counters;
    double step_ms = 0;
    double exchange_ms = 0, optimizer_ms = 0;  ///< of step_ms, what came after the last backward; 0: not measured
    double processor_ms = 0;  ///< of step_ms, what processors worked, of all threads together; 0: not measured
    Memory memory;
    std::optional<Collectives> collectives;  ///< none: nobody counted
    /// The largest |entry| that the accumulator held before the window's first backward; none: nobody looked.
    std::optional<double> left_over;
    std::string gradient;  ///< digest of what this rank steps with, the same on every rank; empty: nobody looked
    std::string started;   ///< digest of the parameters at the window's first backward; empty: nobody looked
    std::map<std::string, Whole> sketched;  ///< by parameter, at level sketch
    std::optional<Watched> watched;         ///< of an outside trainer; none: nobody looked
    /// Of the same window in runs that follow nothing: of the trial itself, or beside a reference of trusted splits.
    std::vector<double> free_losses;
    std::map<std::string, Made> made;  ///< by kind, as in FORMAT.md; empty: nobody looked
    std::optional<Trusted> trusted;
    Json unknown = Json::object();  ///< fields of a newer minor version, kept
    Tensors tensors;
};

/// Whether another run went on with what this step left.
bool ends_in_restart(const Step& step);

/// The line of steps.jsonl without its newline; `file` names the step's tensors, empty for none.
std::string step_line(const Step& step, const std::string& file);

/// The inverse without the tensors; sets `file`. Throws Error naming `where`.
Step parse_step(std::string_view line, const std::string& where, std::string& file);

}  // namespace isobatch
