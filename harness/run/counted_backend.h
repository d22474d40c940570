#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>

#include "trace/step.h"

namespace isobatch {

/// A backend that writes down what goes through it and passes it on: what DDP itself asks for, so that traffic is
/// counted and not modelled. What is not passed on, c10d refuses by name.
class CountedBackend final : public c10d::Backend {
public:
    /// `level` comes before the name of each collective.
    explicit CountedBackend(c10::intrusive_ptr<c10d::Backend> inner, std::string level = "")
        : Backend(inner->getRank(), inner->getSize()), inner_(std::move(inner)), level_(std::move(level)) {}

    /// What was moved since the last call.
    Collectives take() { return std::exchange(moved_, {}); }

    const std::string getBackendName() const override { return inner_->getBackendName(); }
    c10::intrusive_ptr<c10d::Work> broadcast(std::vector<at::Tensor>& tensors,
                                             const c10d::BroadcastOptions& options) override;
    c10::intrusive_ptr<c10d::Work> allreduce(std::vector<at::Tensor>& tensors,
                                             const c10d::AllreduceOptions& options) override;
    c10::intrusive_ptr<c10d::Work> allgather(std::vector<std::vector<at::Tensor>>& outputs,
                                             std::vector<at::Tensor>& inputs,
                                             const c10d::AllgatherOptions& options) override;
    void shutdown() override { inner_->shutdown(); }
    void setSequenceNumberForGroup() override { inner_->setSequenceNumberForGroup(); }
    std::uint64_t getSequenceNumberForGroup() override { return inner_->getSequenceNumberForGroup(); }

private:
    void count(const char* collective, const std::vector<at::Tensor>& tensors);

    c10::intrusive_ptr<c10d::Backend> inner_;
    std::string level_;
    Collectives moved_;
};

}  // namespace isobatch
