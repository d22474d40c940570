#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

/// What the module libisobatch_nccl.so exports. The caller owns the backend. Throws what c10d throws.
extern "C" c10d::Backend* isobatch_nccl_backend(const c10::intrusive_ptr<c10d::Store>& store, int rank, int ranks,
                                                std::chrono::milliseconds timeout);
