#pragma once

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

    const auto take = [&]() -> std::optional<std::size_t> {
        const std::lock_guard lock(mutex);
        if (next == trials.size() || problem) return std::nullopt;
        progress.show(finished, trials[next].subject + " " + to_string(trials[next].split));
        return next++;
    };
    const auto work = [&] {
        try {
            std::optional<std::size_t> mine = take();
            if (!mine) return;
            auto runner = make_runner();
            runner.begin(trials[*mine]);
            while (mine) {
                Record& record = done[*mine].emplace(runner.finish());
                mine = take();
                try {
                    if (mine) runner.begin(trials[*mine]);  // computes while this one is synced to the disk
                } catch (...) {
                    keep_record(out, record);  // finished is finished
                    throw;
                }
                keep_record(out, record);
                const std::lock_guard lock(mutex);
                ++finished;
            }
        } catch (...) {
            const std::lock_guard lock(mutex);
            if (!problem) problem = std::current_exception();
        }
    };

    std::vector<std::thread> beside;
    while (beside.size() + 1 < static_cast<std::size_t>(jobs)) beside.emplace_back(work);
    work();
    for (std::thread& job : beside) job.join();
    if (problem) std::rethrow_exception(problem);
    std::vector<Record> records;
    for (std::optional<Record>& record : done) records.push_back(std::move(*record));
    return records;
}

}  // namespace isobatch
