#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

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

/// Writes each step as it comes, the manifest last: a run that dies leaves every finished step readable.
class DirectorySink final : public TraceSink {
public:
    DirectorySink(std::filesystem::path directory, int ranks);
    ~DirectorySink() override;
    void step(int rank, Step step) override;
    void end(const Manifest& manifest) override;

private:
    struct Rank;
    std::filesystem::path directory_;
    std::vector<std::unique_ptr<Rank>> ranks_;
    FileEntries files_;
};

/// A trace that is already a value, into a directory.
void write_trace(const Trace& trace, const std::filesystem::path& directory);

}  // namespace isobatch
