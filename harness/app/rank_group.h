#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/launched.h"
#include "app/references.h"
#include "app/worker.h"
#include "diagnose/examine.h"
#include "supervise/job.h"
#include "supervise/process.h"

namespace isobatch {

/// The ranks of a trial as processes: started when first needed and kept for the next trial; after a failure all of
/// them are ended, so that nothing of it lives on. They meet through the trace that they write, which is judged here,
/// without LibTorch. Whatever they do, each trial ends as one record.
class RankGroup {
public:
    /// `launched`: the ranks are those that another launcher started.
    RankGroup(WorkerProgram program, std::shared_ptr<References> references, std::optional<Launched> launched)
        : program_(std::move(program)), references_(std::move(references)), launched_(std::move(launched)) {}
    ~RankGroup();
    RankGroup(RankGroup&&) = default;

    /// Hands a trial to its ranks; finish() must come before the next. Throws Error when no worker can be started, or
    /// when the trial is misuse.
    void begin(const Trial& trial);
    /// Waits for its record.
    Record finish();

private:
    /// How a rank failed; an earlier one is the cause of a later one.
    enum class Failing { died, out_of_memory, said, stuck, noticed };
    struct Failure {
        int rank = 0;
        Failing how = Failing::died;
        std::string why;
    };
    using Clock = std::chrono::steady_clock;
    /// What is known of a rank whose answer is awaited.
    struct Watch {
        bool done = false;
        Beat beat;
        Clock::time_point until;  ///< by when its next sign of life must come
    };
    struct Reference {
        Trial trial;
        bool by_units;  ///< it also has the gradient of each unit
        std::filesystem::path directory;
        Examiner examiner;
    };
    void start(std::size_t ranks);
    /// One that has them serves as well where nobody asks for units. After a failure it is still the one before.
    std::optional<Failure> make_reference(bool by_units = false);
    std::optional<Failure> write_reference(Job job, const std::filesystem::path& directory);
    /// Whether there is a reference with the gradient of each unit now. If not, the trial has its answer all the same.
    bool read_units();
    void drop_reference();
    std::filesystem::path trace() const;
    std::filesystem::path meeting() const;
    /// The manifest of each rank, unless failures were seen.
    std::vector<std::string> hear_all();
    /// Takes all that one rank has said.
    void hear(std::size_t rank, Watch& watch, std::string& manifest);
    std::optional<Failure> take_answer(int rank, const std::string& line, Watch& watch, std::string& manifest) const;
    /// Of a trial that a rank failed in.
    Record unanswered();

    WorkerProgram program_;
    std::shared_ptr<References> references_;
    std::optional<Launched> launched_;
    std::string lost_;                                 ///< why the launched ranks cannot be gathered again
    std::vector<std::unique_ptr<Process>> processes_;  ///< by rank; a trial uses the first ones
    std::vector<std::string> addresses_;               ///< of their machines, where there are several
    std::unique_ptr<Reference> reference_;
    std::set<std::filesystem::path> meetings_;  ///< files of c10d's, which a rank may make again until it has ended
    std::set<std::string> couples_;             ///< cases that are known to couple the samples of a micro
    Trial trial_;
    std::vector<Failure> failures_;  ///< of this trial, so far
};

}  // namespace isobatch
