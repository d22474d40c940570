#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "diagnose/ledger.h"
#include "diagnose/recovered.h"
#include "plan/layout.h"

namespace isobatch {

/// What a step was clipped by, as far as its recorded norm and factor tell.
enum class Clipping {
    right,             ///< the norm of its gradient, and the factor that follows
    left_out,          ///< that norm, which is too large, and a factor of 1
    replicas_counted,  ///< a norm in which every rank's gradient counts
    all_but_one,       ///< that of all parameters but one
    one_alone,         ///< that of one parameter
    scaled,            ///< that of its gradient times a loss scale
    told_another,      ///< its gradient's norm; another one is told
};

std::string to_string(Clipping clipping);
/// By what, as the end of a sentence.
std::string meaning(Clipping clipping);

/// What a step's reported loss is, as far as the losses of its micros tell.
enum class Reporting {
    right,       ///< what was optimised: the sum of the micros' weighted losses
    last_micro,  ///< the mean over the last micro alone
    over_accum,  ///< divided by the number of micros once more
    scaled,      ///< multiplied by a loss scale
};

std::string to_string(Reporting reporting);
/// As the end of a sentence.
std::string meaning(Reporting reporting);

/// What is wrong with what a step made of its gradient, as far as that is known.
enum class Updating {
    right,      ///< nothing of these
    altered,    ///< it makes of the reference's gradient what the reference does; of its own something else was left
    undecayed,  ///< it makes of the reference's gradient what the reference does without weight decay
    unskipped,  ///< where losses are scaled, a gradient that is not finite changes parameters or state
    forwarded_twice,   ///< the model's buffers are those of two forwards of each micro
    forwarded_others,  ///< they are changed once the window's forwards are done
    forgotten,         ///< what the optimizer keeps beside them is another once the run was restarted
};

std::string to_string(Updating updating);
/// As the end of a sentence.
std::string meaning(Updating updating);

/// A term that a loss has once a window.
struct LossTerm {
    std::string name;
    double tolerance = 0;  ///< a recovered count of it is right to this; a short gradient's is right to less

    bool operator==(const LossTerm&) const = default;
};

/// One judged window of one trial, as far as a cause can be read from it.
struct WindowEvidence {
    std::int64_t step = 0;             ///< the candidate's
    std::int64_t window = 0;           ///< the reference's step that it is
    std::vector<std::string> samples;  ///< in the reference's order
    std::vector<double> sample_units;
    std::vector<int> micro_of;  ///< index into layout.micros, per sample
    WindowLayout layout;
    std::int64_t steps = 1;           ///< of the optimizer, in its step of the trace
    std::int64_t schedule_steps = 1;  ///< advances of the learning rate in it
    std::int64_t averages = 1;        ///< updates of an average of the parameters in it; 1 where none is kept
    std::int64_t counted = 1;         ///< steps by the optimizer's own count; `steps` where it keeps none
    Updating updating = Updating::right;
    bool restarts = false;          ///< the run is restarted after it
    bool decays = false;            ///< weight decay shows in its update, and was looked for
    bool keeps_statistics = false;  ///< its model has buffers, and it was looked for what its forwards make of them
    double lr_ratio = 1;            ///< its learning rate ÷ the reference's, of the first group
    /// Of an outside trainer: units with padding ÷ units in the reference's own window, beside whose gradient the
    /// weights are read.
    double padding = 1;
    double condition = 0;         ///< of the samples' gradients
    double weight_tolerance = 0;  ///< a recovered weight is right to this
    /// Every one that the numbers allow.
    std::vector<Clipping> clipping{Clipping::right};
    std::vector<Reporting> reporting{Reporting::right};
    /// Weights of the layout's micros, had the sum been clipped after each micro, or each rank's before the exchange;
    /// empty where nothing is clipped.
    std::vector<double> clipped_each_micro, clipped_each_rank;
    std::vector<LossTerm> terms;       ///< that its loss has once a window
    std::string refused;               ///< why no weights were recovered; empty when they were
    std::vector<Recovered> recovered;  ///< empty for an equivalent trial, whose weights are 1 within its sensitivity
};

/// The micro that holds a sample.
const MicroCount& micro_of(const WindowEvidence& window, std::size_t sample);

/// Where numbers are added up.
enum class Stage {
    micro,     ///< the samples of one micro, inside an operator
    device,    ///< the micros of one device
    exchange,  ///< the devices
};

std::string to_string(Stage stage);

/// A sum that keeps fewer bits than it should: 2^bits + 1 is the first that comes out wrong.
struct Width {
    Stage stage = Stage::device;
    int bits = 0;

    bool operator==(const Width&) const = default;
};

/// How a step of an outside trainer stands beside the reference's, also where no gradient was compared.
struct Pace {
    std::int64_t window = 0;  ///< the reference's step
    double lr_ratio = 1;      ///< its learning rate ÷ the reference's, of the first group
    std::int64_t ahead = 0;   ///< so many updates more than the reference it has made

    bool operator==(const Pace&) const = default;
};

/// What diagnosis reads of one trial.
struct Evidence {
    std::vector<WindowEvidence> windows;
    std::vector<std::int64_t> missing;  ///< steps of the reference that no step of the trial is
    std::vector<std::int64_t> ragged;   ///< steps of the reference that hold fewer samples than the effective batch
    /// Of these, those that an outside loop may take for unfinished: they leave it a turn of its accumulation without a
    /// sample.
    std::vector<std::int64_t> unfilled;
    std::vector<std::int64_t> strangers;     ///< steps of the trial that are no window of the reference
    std::vector<std::vector<Stray>> strays;  ///< what each of these may hold instead
    std::vector<Width> widths;  ///< read where it is exact data that diverged; none where every sum kept its bits
    /// What share of the gradients' entries bf16 could hold; none where that proves nothing (judge/narrow).
    std::optional<double> narrow = std::nullopt;
    double coupling = 0;      ///< of the samples of the reference's windows (trace/step.h)
    std::vector<Pace> paces;  ///< of an outside trainer's steps that are windows of the reference
};

Json to_json(const Evidence& evidence);
Evidence evidence_from_json(const Json& object, const std::string& where);

}  // namespace isobatch
