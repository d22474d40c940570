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
/// exception. Nobody leaves before all are done: a rank that closes its connections while a neighbour still opens its
/// own would fail that neighbour.
inline void side_by_side(const Mesh& mesh, const std::function<void(int rank, const Groups& groups)>& run,
                         double deadline_s = 30) {
    allow_ranks_as_threads();
    const TemporaryDirectory directory;
    const auto ranks = static_cast<std::size_t>(mesh.ranks());
    std::vector<std::exception_ptr> thrown(ranks);
    std::vector<Groups> joined(ranks);
    std::vector<std::thread> threads;
    for (std::size_t rank = 0; rank < ranks; ++rank)
        threads.emplace_back([&, rank] {
            try {
                joined[rank] = join({directory / "meeting", static_cast<int>(rank), mesh, deadline_s});
                run(static_cast<int>(rank), joined[rank]);
            } catch (...) {
                thrown[rank] = std::current_exception();
            }
        });
    for (std::thread& thread : threads) thread.join();
    for (const std::exception_ptr& exception : thrown)
        if (exception) std::rethrow_exception(exception);
}

}  // namespace isobatch
