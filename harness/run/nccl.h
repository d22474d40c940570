#pragma once

#include <chrono>

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

namespace isobatch {

/// Whether this build has c10d's NCCL backend. It is a module of its own, loaded when it is first asked for, since it
/// brings LibTorch's part for CUDA with it.
bool has_nccl();

/// Throws Error when this build has none, or the module cannot be loaded.
void require_nccl();

/// One rank of a group, on this process's GPU. Throws what c10d throws.
c10::intrusive_ptr<c10d::Backend> nccl_backend(const c10::intrusive_ptr<c10d::Store>& store, int rank, int ranks,
                                               std::chrono::milliseconds timeout);

}  // namespace isobatch
