#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

#include "base/seed.h"
#include "plan/contract.h"
#include "plan/trial.h"

namespace torch::nn {
class Module;
}

namespace isobatch {

/// What one forward reads: the tensors of some samples, collated.
using Examples = std::vector<at::Tensor>;

/// Which scored units of collated examples are meant: of the row-th sample, the unit-th.
using Chosen = std::function<bool(std::int64_t row, std::int64_t unit)>;

/// A data set whose samples are known by their index, which is also their id in the ledger.
struct Dataset {
    /// The contract's denominator of each sample: scored tokens, or 1. May be 0.
    std::vector<double> units;
    /// Collates samples, padding them to the longest of them; floating-point tensors in fp64, integers in int64.
    std::function<Examples(std::span<const std::int64_t> samples)> pick;
    /// Units of these samples with padding, as collated together.
    std::function<double(std::span<const std::int64_t> samples)> padded_units;
    /// Of collated examples leaves only the chosen units scored; empty where a sample is one unit.
    std::function<void(Examples& examples, const Chosen& chosen)> score_only = nullptr;
    /// false: every epoch visits the samples in their order, so that the data can be made window by window.
    bool shuffled = true;

    std::int64_t size() const { return static_cast<std::int64_t>(units.size()); }
};

struct OptimizerChoice {
    enum class Kind { sgd, adam, adamw } kind = Kind::sgd;
    double lr = 0.1;
    double momentum = 0;      ///< sgd
    bool nesterov = false;    ///< sgd with momentum
    double weight_decay = 0;  ///< of what has two dimensions or more, as trainers do; decoupled for adamw
    double clip_norm = 0;     ///< the gradient's largest global norm; 0: any
    double clip_value = 0;    ///< its largest |entry|, where the norm may be any; 0: any
    std::int64_t warmup = 0;  ///< steps before the schedule's highest rate
    double average = 0;       ///< decay of an average of the parameters that is kept beside them; 0: none is
    /// Each window is computed with the nearest of -1, 0 and 1 for every parameter, so that no step adds to the bits
    /// that the next one's arithmetic needs.
    bool ternary = false;
};

/// What a data set is made for.
struct DataChoice {
    std::int64_t samples = 0;
    std::int64_t effective = 1;  ///< samples of a window
    Lengths lengths = Lengths::ragged;
    Seed seed;
};

/// What a loss that is wrong may look at beside its examples.
struct Part {
    double units = 0;  ///< of the micro
    double window_units = 0;
    std::span<const std::int64_t> first = {};  ///< the samples of the window's first micro
};

/// A model with its data and its loss: what the harness runs under every split. Plain functions, so that it can be made
/// twice, in two precisions.
struct Case {
    std::string name;
    std::string summary;
    Contract contract;
    OptimizerChoice optimizer;
    std::function<Dataset(const DataChoice& choice)> make_data;
    /// The same weights for the same seed in every precision, up to their rounding.
    std::function<std::shared_ptr<torch::nn::Module>(at::ScalarType dtype, Seed seed)> make_model;
    /// The loss summed over the units of the examples; never averaged.
    std::function<at::Tensor(torch::nn::Module& model, const Examples& examples)> loss_sum;
    /// What belongs to it once a window, as a penalty on the parameters or an auxiliary loss: by name, likewise summed.
    /// Diagnosis tells such a term apart from the samples, each of which carries its share of it.
    std::map<std::string, std::function<at::Tensor(torch::nn::Module&, const Examples&)>> terms = {};
    /// What it is under a planted fault that gets this case's loss wrong, by the id of the fault.
    std::map<std::string, std::function<at::Tensor(torch::nn::Module&, const Examples&, const Part&)>> wrong = {};
    /// On a GPU too, its attention is one kernel where there is one that repeats its bits; else plain products there.
    bool fused_attention = false;
};

/// Throws Error naming the nearest known case.
const Case& find_case(std::string_view name);
std::vector<std::string> case_names();

/// Enters a case into the registry, the only global state; used through ISOBATCH_CASE.
struct CaseRegistration {
    explicit CaseRegistration(Case (*make)());
};

}  // namespace isobatch

/// Registers the case that `make` returns. Its file must be linked as an object, not from a static library.
#define ISOBATCH_CASE(make) static const ::isobatch::CaseRegistration isobatch_case_##make(make)
