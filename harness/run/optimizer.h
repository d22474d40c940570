#pragma once

#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "run/case.h"

namespace torch::optim {
class Optimizer;
}

namespace isobatch {

/// LibTorch's own optimizer with its state in the open, so that teacher forcing can replace it.
class Optimizer {
public:
    Optimizer(const OptimizerChoice& choice, std::vector<at::Tensor> parameters);
    ~Optimizer();
    Optimizer(Optimizer&&) noexcept;
    Optimizer& operator=(Optimizer&&) noexcept;

    /// Which its own count, where it keeps one, takes for so many: with none, it stays where it was. Without `decays`
    /// no parameter decays in it.
    void step(std::int64_t counts = 1, bool decays = true);
    /// Its own count of its steps, of the parameter that has most; 0 where it keeps none.
    std::int64_t counted() const;
    /// Moves the average of the parameters towards them, where one is kept: the optimizer's slot `ema`.
    void average();
    bool averages() const { return !averages_.empty(); }
    void set_lr(double lr);
    /// Of every group of parameters.
    std::vector<double> lr() const;

    /// Whether it lets some of its parameters decay.
    bool decays() const;

    /// One tensor of the state of one parameter.
    struct Slot {
        std::string name;  ///< `momentum`, `exp_avg`, `exp_avg_sq`, `step`, `ema`
        std::size_t parameter;
        at::Tensor value;
    };
    /// Empty before the first step but for the averages.
    std::vector<Slot> state() const;
    /// That the state holds. Its counts are numbers, not tensors.
    std::int64_t bytes() const;
    /// Replaces the whole state of one parameter by copies of these slots; none: as before the first step.
    void set_state(std::size_t parameter, const std::vector<Slot>& slots);

private:
    void count(std::int64_t more);
    /// Steps while no parameter decays.
    void step_without_decay(std::int64_t counts);

    OptimizerChoice::Kind kind_;
    std::vector<at::Tensor> parameters_, averages_;
    double decay_;  ///< of the averages
    std::unique_ptr<torch::optim::Optimizer> optimizer_;
};

/// What a trial steps with: the case's own choice, or the one that the trial names, clipped as the case is.
OptimizerChoice chosen(const OptimizerChoice& own, const std::string& name);

/// What the step after `done` of `total` takes of the highest learning rate: up in equal parts over the `warmup` first
/// ones, then down a cosine to 0.
double rate(std::int64_t done, std::int64_t total, std::int64_t warmup);

}  // namespace isobatch
