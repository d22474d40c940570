#include "plan/slice.h"

#include <algorithm>

#include "base/check.h"

namespace isobatch {

std::vector<Slice> cut(std::int64_t samples, const Split& split) {
    ISOBATCH_CHECK(samples >= 0 && samples <= split.effective(), "a window holds at most one effective batch");
    std::vector<Slice> slices;
    for (std::int64_t begin = 0, turn = 0; begin < samples; begin += split.per_device, ++turn)
        slices.push_back({static_cast<int>(turn % split.devices), static_cast<int>(turn / split.devices), begin,
                          std::min(begin + split.per_device, samples)});
    return slices;
}

std::vector<Batch> batches_of(std::int64_t dataset, std::int64_t effective, int epochs) {
    ISOBATCH_CHECK(effective >= 1, "a window holds at least one sample");
    std::vector<Batch> batches;
    for (int epoch = 1; epoch <= epochs; ++epoch)
        for (std::int64_t begin = 0, index = 0; begin < dataset; begin += effective, ++index)
            batches.push_back({epoch, index, begin, std::min(effective, dataset - begin)});
    return batches;
}

bool judged(const std::vector<Batch>& batches, std::size_t index) {
    const bool last_of_epoch = index + 1 == batches.size() || batches[index + 1].epoch != batches[index].epoch;
    return judged(static_cast<std::int64_t>(index), batches[index].index == 0, last_of_epoch);
}

bool judged(std::int64_t index, bool begins_epoch, bool ends_epoch) {
    return index < 3 || begins_epoch || ends_epoch;
}

}  // namespace isobatch
