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

    void step();
    void set_lr(double lr);
    /// Of every group of parameters.
    std::vector<double> lr() const;

    /// One tensor of the state of one parameter.
    struct Slot {
        std::string name;  ///< `momentum`, `exp_avg`, `exp_avg_sq`, `step`
        std::size_t parameter;
        at::Tensor value;
    };
    /// Empty before the first step.
    std::vector<Slot> state() const;
    /// Replaces the whole state of one parameter by copies of these slots; none: as before the first step.
    void set_state(std::size_t parameter, const std::vector<Slot>& slots);

private:
    OptimizerChoice::Kind kind_;
    std::vector<at::Tensor> parameters_;
    std::unique_ptr<torch::optim::Optimizer> optimizer_;
};

/// What a trial steps with: the case's own choice, or the one that the trial names, clipped as the case is.
OptimizerChoice chosen(const OptimizerChoice& own, const std::string& name);

/// Cosine decay from 1 to 0 over `total` optimizer steps; the factor for the step after `done` of them.
double cosine(std::int64_t done, std::int64_t total);

}  // namespace isobatch
