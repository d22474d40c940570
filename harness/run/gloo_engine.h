#pragma once

#include <memory>

#include "plan/exchange.h"
#include "run/engine.h"
#include "run/process_group.h"

namespace c10d {
class Reducer;
}

namespace isobatch {

/// One rank a process, gradients met by PyTorch's own DDP reducer (or by one flat all-reduce after the window). What
/// DDP's Python module does around the reducer is done here in the same order.
class GlooEngine final : public Engine {
public:
    /// Makes the replica's parameters and buffers those of rank 0. Throws what c10d throws when the ranks' models
    /// differ.
    GlooEngine(Replica replica, const Decisions& decisions, const Exchange& exchange, ProcessGroup group);
    ~GlooEngine() override;

    std::vector<Replica>& replicas() override { return replicas_; }
    void forward_begins(bool exchanges) override;
    at::Tensor backward_begins(at::Tensor loss) override;
    void backward_ends(Replica& replica) override;
    void reduce(const Window& window) override;
    std::optional<Collectives> take_traffic() override { return isobatch::take_traffic(group_); }

private:
    void reduce_flat();

    std::vector<Replica> replicas_;  ///< one
    Exchange exchange_;
    ProcessGroup group_;
    std::vector<std::size_t> exchanged_;  ///< the parameters that take part
    Reduction reduction_;
    std::unique_ptr<c10d::Reducer> reducer_;  ///< none for the flat exchange
    bool exchanges_ = false;
    bool delayed_ = false;  ///< a static graph's first reduction waits for the end of its backward; that is past
};

}  // namespace isobatch
