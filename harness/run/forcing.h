#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "run/replica.h"
#include "run/setup.h"
#include "trace/trace.h"

namespace isobatch {

/// Teacher forcing: at a window's start every parameter and the optimizer's state become the reference's, so that an
/// error of one window cannot hide or mimic one of the next. Never touched: gradients, accumulators, data position,
/// schedule, counters; a stale gradient stays stale. Holds views into the reference, which must outlive it.
class Forcing {
public:
    explicit Forcing(const Trace& reference);

    /// Does nothing before the first window, where every run starts from the same seed, and for a window that the
    /// reference does not begin.
    void apply(const Window& window, std::vector<Replica>& replicas) const;
    /// Whether the reference can judge the gradient of this window.
    bool judged(const Window& window) const;
    /// The reference's gradient of this window, which it judges, in the order of the parameters.
    const std::vector<at::Tensor>& gradients(const Window& window) const;
    /// Of a lattice for each parameter on which the shares of a judged window add up exactly; none of another window.
    std::vector<double> quanta(const Window& window) const;

private:
    struct State {
        std::vector<at::Tensor> parameters;
        std::vector<std::vector<Optimizer::Slot>> slots;  ///< by parameter; empty: no state yet
    };
    /// The reference's step that starts with the same sample in the same epoch, or holds the same ones; or -1.
    int step_of(const Window& window) const;

    std::map<std::pair<int, std::string>, int> begins_;  ///< by the epoch, and the first sample or all of them
    std::vector<State> after_;                           ///< after_[k]: the state once step k is done
    std::vector<bool> judged_;
    std::vector<std::vector<at::Tensor>> gradients_;  ///< by step
    std::vector<std::vector<double>> quanta_;         ///< by step; empty where it is not judged
};

}  // namespace isobatch
