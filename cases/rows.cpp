#include "cases/rows.h"

#include <algorithm>

#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>

namespace isobatch {

namespace {

at::Tensor indices(std::span<const std::int64_t> samples) {
    return at::tensor(at::IntArrayRef(samples.data(), samples.size()), at::kLong);
}

/// At least 1, so that a row without a scored position still goes through the model.
std::int64_t longest_of(std::span<const std::int64_t> samples, const std::vector<std::int64_t>& lengths) {
    std::int64_t longest = 1;
    for (const std::int64_t sample : samples) longest = std::max(longest, lengths[static_cast<std::size_t>(sample)]);
    return longest;
}

void score_only(Examples& examples, const Chosen& chosen) {
    const at::Tensor targets = examples[1].to(at::kCPU, at::kLong, false, true);  // a copy: others may hold the rows
    const auto rows = targets.accessor<std::int64_t, 2>();
    for (std::int64_t row = 0; row < rows.size(0); ++row)
        for (std::int64_t t = 0, unit = 0; t < rows.size(1); ++t)
            if (auto target = rows[row]; target[t] != ignored && !chosen(row, unit++)) target[t] = ignored;
    examples[1] = targets.to(examples[1].device());
}

}  // namespace

std::vector<std::int64_t> row_lengths(std::int64_t rows, std::int64_t longest, Lengths lengths, Seed seed) {
    std::vector<std::int64_t> counts;
    Random random(seed.split("lengths"));
    for (std::int64_t row = 0; row < rows; ++row) {
        const auto drawn = 1 + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(longest)));
        counts.push_back(lengths == Lengths::equal ? longest : row % 16 == 5 ? 0 : drawn);
    }
    return counts;
}

Dataset padded_rows(at::Tensor inputs, at::Tensor targets, std::vector<std::int64_t> lengths) {
    Dataset data;
    for (const std::int64_t length : lengths) data.units.push_back(static_cast<double>(length));
    data.pick = [=](std::span<const std::int64_t> samples) {
        const std::int64_t longest = longest_of(samples, lengths);
        const at::Tensor chosen = indices(samples);
        return Examples{inputs.index_select(0, chosen).narrow(1, 0, longest),
                        targets.index_select(0, chosen).narrow(1, 0, longest)};
    };
    data.padded_units = [=](std::span<const std::int64_t> samples) {
        return static_cast<double>(longest_of(samples, lengths)) * static_cast<double>(samples.size());
    };
    data.score_only = score_only;
    return data;
}

Dataset whole_samples(at::Tensor inputs, at::Tensor targets) {
    Dataset data;
    data.units.assign(static_cast<std::size_t>(inputs.size(0)), 1);
    data.pick = [=](std::span<const std::int64_t> samples) {
        const at::Tensor chosen = indices(samples);
        return Examples{inputs.index_select(0, chosen), targets.index_select(0, chosen)};
    };
    data.padded_units = [](std::span<const std::int64_t> samples) { return static_cast<double>(samples.size()); };
    return data;
}

}  // namespace isobatch
