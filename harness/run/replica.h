#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "run/case.h"
#include "run/optimizer.h"
#include "trace/manifest.h"
#include "trace/step.h"

namespace isobatch {

/// One device's copy of the model with its optimizer, schedule and counters.
struct Replica {
    int rank = 0;
    std::shared_ptr<torch::nn::Module> model;
    std::vector<std::string> names;      ///< of the parameters, tied ones once
    std::vector<at::Tensor> parameters;  ///< what gradients are of and the optimizer steps: fp64 or fp32
    Optimizer optimizer;
    std::int64_t schedule_total = 1;  ///< optimizer steps of the whole run
    double base_lr = 0;
    double clip_norm = 0;   ///< 0: none
    double clip_value = 0;  ///< likewise
    std::int64_t warmup = 0;
    bool ternary = false;
    Counters counters;
    Recipe recipe = Recipe::fp64;
    /// What the model holds where that is not `parameters` themselves; each forward copies them anew (run/forward).
    std::vector<at::Tensor> copies;

    /// Clears every gradient.
    void zero_grad();
    /// Which the optimizer's own count, where it keeps one, takes for so many, and in which parameters may decay.
    void optimizer_step(std::int64_t counts, bool decays = true);
    /// Leaves a step out, which is one of the loop's all the same.
    void skip_step();
    void average();
    /// Before a window: to the lattice, where the case asks for one. What a step left is recorded before, so that
    /// nothing of it is rounded away.
    void project();
    /// Advances the learning rate once.
    void schedule_step();
    /// Sets it to what it is once the schedule has advanced so often.
    void go_on_at(std::int64_t scheduler_steps);
};

/// Calls visit(key, tensor) for `param/<p>` and `opt/<slot>/<p>`: all that an update leaves.
void each_state(const Replica& replica,
                const std::function<void(const std::string& key, const at::Tensor& tensor)>& visit);

Replica make_replica(const Case& subject, const Trial& trial, int rank, std::int64_t schedule_total);

std::vector<Parameter> describe(const Replica& replica);

/// From now on each sum of gradients is rounded to this format as soon as something was added to it, also before an
/// engine exchanges it.
void keep_sums_in(Replica& replica, at::ScalarType format);

/// The gradient of a parameter; zeros where no backward has reached it.
at::Tensor gradient_of(const at::Tensor& parameter);

}  // namespace isobatch
