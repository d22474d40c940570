#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "trace/trace.h"

namespace isobatch {

/// Where a running trial puts what happened. One of the three virtual seams.
class TraceSink {
public:
    virtual ~TraceSink() = default;
    /// A finished step of one rank; steps of a rank arrive in order.
    virtual void step(int rank, Step step) = 0;
    /// The run ended, well or not. Nothing follows.
    virtual void end(const Manifest& manifest) = 0;
};

/// Keeps the trace as a value.
class MemorySink final : public TraceSink {
public:
    explicit MemorySink(int ranks) { trace_.ranks.resize(static_cast<std::size_t>(ranks)); }
    void step(int rank, Step step) override {
        trace_.ranks.at(static_cast<std::size_t>(rank)).push_back(std::move(step));
    }
    void end(const Manifest& manifest) override { trace_.manifest = manifest; }

    /// The steps so far; the manifest is valid after end().
    const Trace& trace() const { return trace_; }
    Trace take() { return std::move(trace_); }

private:
    Trace trace_;
};

/// Writes the steps of one rank as they come, so that a run that dies leaves every finished one readable. A process a
/// rank: each writes its own folder, and what manifest() says of it goes to whoever finishes the trace. Most traces are
/// judged and gone: whoever keeps one syncs its directory, and until then its digests say what a power failure took.
class RankSink final : public TraceSink {
public:
    RankSink(std::filesystem::path directory, int rank);
    void step(int rank, Step step) override;
    void end(const Manifest& manifest) override;
    /// The text of a manifest that knows the files of this rank only; empty before end().
    const std::string& manifest() const { return manifest_; }

private:
    std::filesystem::path directory_;
    int rank_;
    LineFile lines_;
    std::string text_;  ///< what the file of lines holds, for its digest
    int steps_ = 0;
    FileEntries files_;
    std::string manifest_;
};

/// Writes the manifest of a trace whose ranks have all ended. Throws Error when they do not tell the same of their run.
void finish_trace(const std::filesystem::path& directory, const std::vector<std::string>& manifests);

/// A trace that is already a value, into a directory.
void write_trace(const Trace& trace, const std::filesystem::path& directory);

}  // namespace isobatch
