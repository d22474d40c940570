#pragma once

#include "run/engine.h"

namespace isobatch {

/// Ranks simulated one after another in one process, each with its own replica; gradients are added in the order of the
/// ranks. An inner group has no exchange of its own here: a mean of means is the mean.
class SerialEngine final : public Engine {
public:
    SerialEngine(std::vector<Replica> replicas, const Decisions& decisions, const Mesh& mesh);
    std::vector<Replica>& replicas() override { return replicas_; }
    void forward_begins(Replica& replica, bool exchanges, bool last) override;
    at::Tensor backward_begins(at::Tensor loss) override { return loss; }
    void backward_ends(Replica& replica) override;
    void reduce(const Window& window) override;
    std::optional<Collectives> take_traffic() override { return std::nullopt; }

private:
    void give(Replica& replica);
    void keep(Replica& replica);
    void reduce(std::size_t parameter, int copy);
    at::Tensor left(std::size_t parameter, int rank, const at::Tensor& sum);

    std::vector<Replica> replicas_;
    std::vector<std::size_t> exchanged_;  ///< the parameters that take part
    Reduction reduction_;
    bool last_alone_;
    Mesh mesh_;
    bool exchanges_ = false;
    using Gradients = std::vector<std::vector<at::Tensor>>;  ///< by rank and parameter; undefined where there is none
    Gradients given_, kept_;
};

}  // namespace isobatch
