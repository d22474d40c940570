#pragma once

#include <algorithm>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "reports/progress.h"
#include "reports/run_directory.h"

namespace isobatch {

/// Runs the trials, `jobs` of them at a time, each job with a runner of its own (a Worker or a RankGroup), and keeps
/// each record as soon as it is there. The records come in the order of the trials. Throws what the first job that
/// failed threw; what was finished then is kept.
template <class MakeRunner>
std::vector<Record> run_all(const std::vector<Trial>& trials, int jobs, MakeRunner make_runner,
                            const std::filesystem::path& out, Progress& progress) {
    std::vector<std::optional<Record>> done(trials.size());
    std::mutex mutex;
    std::size_t next = 0;
    int finished = 0;
    std::exception_ptr problem;

    const auto take = [&](int done_before = 0) -> std::optional<std::size_t> {
        const std::lock_guard lock(mutex);
        finished += done_before;
        if (next == trials.size() || problem) return std::nullopt;
        progress.show(finished, trials[next].subject + " " + to_string(trials[next].split));
        return next++;
    };
    const auto work = [&] {
        try {
            auto runner = make_runner();  // also where nothing is left: ranks of another launcher wait to be dismissed
            std::optional<std::size_t> mine = take();
            if (mine) runner.begin(trials[*mine]);
            while (mine) {
                Record& record = done[*mine].emplace(runner.finish());
                mine = take(1);
                try {
                    if (mine) runner.begin(trials[*mine]);  // computes while this one is synced to the disk
                } catch (...) {
                    keep_record(out, record);  // finished is finished
                    throw;
                }
                keep_record(out, record);
            }
        } catch (...) {
            const std::lock_guard lock(mutex);
            if (!problem) problem = std::current_exception();
        }
    };

    {
        std::vector<std::jthread> beside;  // joined on every way out, also where the machine has no thread left
        while (beside.size() + 1 < std::min(static_cast<std::size_t>(jobs), trials.size())) beside.emplace_back(work);
        work();
    }
    if (problem) std::rethrow_exception(problem);
    std::vector<Record> records;
    for (std::optional<Record>& record : done) records.push_back(std::move(*record));
    return records;
}

}  // namespace isobatch
