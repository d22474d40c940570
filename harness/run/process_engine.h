#pragma once

#include <memory>

#include "plan/exchange.h"
#include "run/engine.h"
#include "run/process_group.h"

namespace c10d {
class Reducer;
}

namespace isobatch {

/// One rank a process, over whichever of c10d's backends its groups have: gradients met by PyTorch's own DDP reducer
/// (or by a flat all-reduce after the window). What DDP's Python module does around the reducer is done here in the
/// same order.
class ProcessEngine final : public Engine {
public:
    /// Makes the replica's parameters and buffers those of rank 0. Throws what c10d throws when the ranks' models
    /// differ.
    ProcessEngine(Replica replica, const Decisions& decisions, const Exchange& exchange, Groups groups);
    ~ProcessEngine() override;

    std::vector<Replica>& replicas() override { return replicas_; }
    void forward_begins(Replica& replica, bool exchanges, bool last) override;
    at::Tensor backward_begins(at::Tensor loss) override;
    void backward_ends(Replica& replica) override;
    void reduce(const Window& window) override;
    std::optional<Collectives> take_traffic() override { return isobatch::take_traffic(groups_); }

private:
    at::Tensor take_flat();
    void put_flat(const at::Tensor& flat);
    void reduce_flat();
    void reduce_inner(at::Tensor flat);
    void reduce_outer(const Window& window);

    std::vector<Replica> replicas_;  ///< one
    Exchange exchange_;
    Groups groups_;
    std::vector<std::size_t> exchanged_;  ///< the parameters that take part
    Reduction reduction_;
    std::unique_ptr<c10d::Reducer> reducer_;  ///< none for the flat exchange
    bool exchanges_ = false;
    bool two_levels_;  ///< the flat exchange: inside the inner groups with every micro, among them after the last
    at::Tensor accumulated_, last_;     ///< what earlier micros left in the inner group, and what the last one did
    std::int64_t inner_exchanges_ = 0;  ///< of this window
    bool delayed_ = false;  ///< a static graph's first reduction waits for the end of its backward; that is past
};

}  // namespace isobatch
