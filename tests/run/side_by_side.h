#pragma once

#include <cstdlib>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

#include "run/process_group.h"
#include "tests/base/temporary_directory.h"

namespace isobatch {

/// Before c10d is first used in a process whose ranks are threads: its flight recorder is one for all groups of a
/// process and not safe between them.
inline void allow_ranks_as_threads() {
    ::setenv("TORCH_FR_BUFFER_SIZE", "0", 1);
}

/// Runs the ranks of a group as threads of this process: c10d does not know the difference. Rethrows the first
/// exception.
inline void side_by_side(const Mesh& mesh, const std::function<void(int rank, const Groups& groups)>& run,
                         double deadline_s = 30) {
    allow_ranks_as_threads();
    const TemporaryDirectory directory;
    std::vector<std::exception_ptr> thrown(static_cast<std::size_t>(mesh.ranks()));
    std::vector<std::thread> threads;
    for (int rank = 0; rank < mesh.ranks(); ++rank)
        threads.emplace_back([&, rank] {
            try {
                run(rank, join({directory / "meeting", rank, mesh, deadline_s}));
            } catch (...) {
                thrown[static_cast<std::size_t>(rank)] = std::current_exception();
            }
        });
    for (std::thread& thread : threads) thread.join();
    for (const std::exception_ptr& exception : thrown)
        if (exception) std::rethrow_exception(exception);
}

}  // namespace isobatch
