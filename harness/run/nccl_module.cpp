#include "run/nccl_module.h"

#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

c10d::Backend* isobatch_nccl_backend(const c10::intrusive_ptr<c10d::Store>& store, int rank, int ranks,
                                     std::chrono::milliseconds timeout) {
    const auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = timeout;
    return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, ranks, options).release();
}
