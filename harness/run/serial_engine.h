#pragma once

#include "run/engine.h"

namespace isobatch {

/// Ranks simulated one after another in one process, each with its own replica; gradients are added in the order of the
/// ranks.
class SerialEngine final : public Engine {
public:
    SerialEngine(std::vector<Replica> replicas, const Decisions& decisions);
    std::vector<Replica>& replicas() override { return replicas_; }
    void forward_begins(bool exchanges) override { exchanges_ = exchanges; }
    at::Tensor backward_begins(at::Tensor loss) override { return loss; }
    void backward_ends(Replica& replica) override;
    void reduce(const Window& window) override;
    std::optional<Collectives> take_traffic() override { return std::nullopt; }

private:
    void give(Replica& replica);
    void reduce(std::size_t parameter);

    std::vector<Replica> replicas_;
    std::vector<std::size_t> exchanged_;  ///< the parameters that take part
    Reduction reduction_;
    bool exchanges_ = false;
    std::vector<std::vector<at::Tensor>> given_;  ///< by rank and parameter; undefined where there is no gradient
};

}  // namespace isobatch
