#include "cases/lattice.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <span>

#include <ATen/ops/sum.h>

#include "cases/draw.h"
#include "cases/rows.h"

namespace isobatch {

namespace {

/// Takes single units from random rows until the sum is the next power of two below.
void make_dyadic(std::span<std::int64_t> lengths, Random& random) {
    auto sum = static_cast<std::uint64_t>(std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0}));
    for (const std::uint64_t target = std::bit_floor(sum); sum > target;) {
        std::int64_t& length = lengths[random.below(lengths.size())];
        if (length == 0) continue;
        --length;
        --sum;
    }
}

}  // namespace

at::Tensor draw_ternary(at::IntArrayRef shape, double density, Seed seed) {
    Random random(seed);
    const auto threshold = static_cast<std::uint64_t>(density * 1024);
    return drawn(shape, [&]() -> double {
        const std::uint64_t drawn = random.below(2048);
        return drawn / 2 >= threshold ? 0 : drawn % 2 == 0 ? 1 : -1;
    });
}

at::Tensor draw_integers(at::IntArrayRef shape, int largest, Seed seed) {
    Random random(seed);
    return drawn(shape, [&] {
        return static_cast<double>(random.below(2 * static_cast<std::uint64_t>(largest) + 1)) - largest;
    });
}

at::Tensor scored_targets(const std::vector<std::int64_t>& lengths, std::int64_t longest, std::int64_t outputs,
                          Seed seed) {
    const at::Tensor targets = draw_integers({std::ssize(lengths), longest, outputs + 1}, 2, seed);
    const at::Tensor scored = targets.select(2, outputs).fill_(0);
    for (std::size_t row = 0; row < lengths.size(); ++row)
        scored.select(0, static_cast<std::int64_t>(row)).narrow(0, 0, lengths[row]).fill_(1);
    return targets;
}

Dataset rows_in_order(at::Tensor inputs, at::Tensor targets, std::vector<std::int64_t> lengths) {
    Dataset data = padded_rows(std::move(inputs), std::move(targets), std::move(lengths));
    data.shuffled = false;
    return data;
}

at::Tensor squared_error(const at::Tensor& outputs, const at::Tensor& targets) {
    const std::int64_t channels = outputs.size(-1);
    const at::Tensor error = (outputs - targets.narrow(-1, 0, channels)) * targets.narrow(-1, channels, 1);
    return (error * error).sum();
}

std::vector<std::int64_t> dyadic_lengths(const DataChoice& choice, std::int64_t longest) {
    std::vector<std::int64_t> lengths = row_lengths(choice.samples, longest, choice.lengths, choice.seed);
    if (choice.lengths == Lengths::equal) return lengths;
    Random random(choice.seed.split("dyadic"));
    const auto effective = static_cast<std::size_t>(choice.effective);
    for (std::size_t begin = 0; begin < lengths.size(); begin += effective)
        make_dyadic(std::span(lengths).subspan(begin, std::min(effective, lengths.size() - begin)), random);
    return lengths;
}

}  // namespace isobatch
