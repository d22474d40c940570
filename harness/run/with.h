#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "trace/sink.h"

namespace isobatch {

/// Adds to the steps that pass what other runs of the same windows found: found[rank][k] to the rank's k-th step.
template <class Found, void (*add)(Step& step, Found found)>
class With final : public TraceSink {
public:
    With(TraceSink& sink, std::vector<std::vector<Found>> found)
        : sink_(&sink), found_(std::move(found)), next_(found_.size()) {}
    void step(int rank, Step step) override {
        const auto r = static_cast<std::size_t>(rank);
        if (r < found_.size() && next_[r] < found_[r].size()) add(step, std::move(found_[r][next_[r]++]));
        sink_->step(rank, std::move(step));
    }
    void end(const Manifest& manifest) override { sink_->end(manifest); }

private:
    TraceSink* sink_;
    std::vector<std::vector<Found>> found_;
    std::vector<std::size_t> next_;  ///< by rank
};

}  // namespace isobatch
