#pragma once

#include <cstdint>
#include <vector>

#include "plan/split.h"

namespace isobatch {

/// What one backward sees: samples [begin, end) of its window, in one place of the data-parallel group.
struct Slice {
    int place = 0;
    int micro = 0;
    std::int64_t begin = 0;
    std::int64_t end = 0;
    double weight = 1;  ///< of its loss; 0 or -1 in some twins (plan/identity.h)

    std::int64_t size() const { return end - begin; }
    bool operator==(const Slice&) const = default;
};

/// Cuts the first `samples` of an optimizer step (at most split.effective()) into micros, in sampler order:
/// accumulation step by accumulation step, and within it place by place. A tail leaves the last slices short; empty
/// slices are left out, so a place may have fewer micros than another. Every sample is in exactly one slice.
std::vector<Slice> cut(std::int64_t samples, const Split& split);

/// The ordered samples of one optimizer step: positions [begin, begin + samples) in the epoch's order.
struct Batch {
    int epoch = 1;             ///< 1-based
    std::int64_t index = 0;    ///< position among the windows of the epoch, 0-based
    std::int64_t begin = 0;    ///< first position in the epoch's order
    std::int64_t samples = 0;  ///< fewer than the effective batch only in a ragged tail

    bool operator==(const Batch&) const = default;
};

/// The batches of all epochs over `dataset` samples; the last one of an epoch is shorter where it does not divide.
std::vector<Batch> batches_of(std::int64_t dataset, std::int64_t effective, int epochs);

/// Whether this batch's gradient is compared: the first three of a run, where state is fresh, and the two on either
/// side of an epoch's edge, where tails, clears and schedules go wrong.
bool judged(const std::vector<Batch>& batches, std::size_t index);

/// The same of a batch of which only this is known: its place in the run, from 0, and in its epoch.
bool judged(std::int64_t index, bool begins_epoch, bool ends_epoch);

}  // namespace isobatch
