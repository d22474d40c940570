#pragma once

#include "run/engine.h"

namespace isobatch {

/// Ranks simulated one after another in one process, each with its own replica; gradients are added in the order of the
/// ranks.
class SerialEngine final : public Engine {
public:
    explicit SerialEngine(std::vector<Replica> replicas) : replicas_(std::move(replicas)) {}
    std::vector<Replica>& replicas() override { return replicas_; }
    void forward_begins(bool) override {}
    at::Tensor backward_begins(at::Tensor loss) override { return loss; }
    void reduce(const Window& window) override;

private:
    std::vector<Replica> replicas_;
};

}  // namespace isobatch
