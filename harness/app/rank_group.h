#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "diagnose/examine.h"
#include "supervise/job.h"
#include "supervise/process.h"

namespace isobatch {

/// The ranks of a trial as processes: started when first needed and kept for the next trial; after a failure all of
/// them are ended, so that nothing of it lives on. They meet through the trace that they write, which is judged here,
/// without LibTorch. Whatever they do, each trial ends as one record.
class RankGroup {
public:
    RankGroup(std::string program, std::filesystem::path out, bool keep_traces, double deadline_s)
        : program_(std::move(program)), out_(std::move(out)), keep_traces_(keep_traces), deadline_(deadline_s) {}

    ~RankGroup() { drop_reference(); }
    RankGroup(RankGroup&&) = default;

    /// Hands a trial to its ranks; finish() must come before the next. Throws Error when no worker can be started, or
    /// when the trial is misuse.
    void begin(const Trial& trial);
    /// Waits for its record.
    Record finish();

private:
    struct Failure {
        int rank = 0;
        bool died = false;
        std::string why;
    };
    struct Reference {
        Trial trial;
        std::filesystem::path directory;
        Examiner examiner;
        bool kept = false;  ///< a trace that is kept follows it
    };
    void start(std::size_t ranks);
    std::optional<Failure> make_reference();
    void drop_reference();
    std::filesystem::path trace() const;
    /// The manifest of each rank, unless failures were seen.
    std::vector<std::string> hear_all();
    static std::optional<Failure> take_answer(int rank, const std::string& line, std::string& manifest);
    Record crash();
    std::string late() const;

    std::string program_;
    std::filesystem::path out_;
    bool keep_traces_;
    Process::Seconds deadline_;
    std::vector<std::unique_ptr<Process>> processes_;  ///< by rank; a trial uses the first ones
    std::unique_ptr<Reference> reference_;
    Trial trial_;
    std::vector<Failure> failures_;  ///< of this trial, so far
};

}  // namespace isobatch
