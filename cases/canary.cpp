/// A loss that is linear in its parameters, so that its gradient is what the data say and nothing else: the weight of
/// each sample stands in a coordinate of its own, and pairs of coordinates of very different size read how many bits
/// every sum keeps (diagnose/width).
#include <algorithm>
#include <cmath>

#include <ATen/ops/abs.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/module.h>

#include "cases/lattice.h"
#include "cases/rows.h"
#include "run/case.h"

namespace isobatch {

namespace {

constexpr std::int64_t longest = 8;
constexpr std::int64_t slots = 256;    ///< samples with a coordinate of their own
constexpr std::int64_t distances = 8;  ///< from the first sample of a window to another: 1, 2, 4 … 128
/// 2^0 to 2^16 beside a 1: 17 bits, of which fp32 has 24 and a sum over 64 devices leaves as many. bf16 keeps 8 bits,
/// fp16 and TF32 11.
constexpr std::int64_t exponents = 17;

struct Canary : torch::nn::Module {
    Canary(at::ScalarType dtype, Seed seed) {
        own = register_parameter("own", draw_ternary({1, slots}, 0.5, seed.split("own")).abs().to(dtype));
        width = register_parameter("width", at::zeros({1, distances * exponents}, dtype));
    }
    at::Tensor own, width;
};

/// The first sample of a window gives 2^j, the one at each distance gives 1.
at::Tensor width_rows(const DataChoice& choice) {
    const at::Tensor rows = at::zeros({choice.samples, distances, exponents}, at::kDouble);
    for (std::int64_t first = 0; first < choice.samples; first += choice.effective) {
        for (std::int64_t j = 0; j < exponents; ++j)
            rows.select(0, first).select(1, j).fill_(std::ldexp(1., static_cast<int>(j)));
        for (std::int64_t d = 0; d < distances; ++d) {
            const std::int64_t distance = std::int64_t{1} << d;
            if (distance < choice.effective && first + distance < choice.samples)
                rows.select(0, first + distance).select(0, d).fill_(1);
        }
    }
    return rows.reshape({choice.samples, distances * exponents});
}

Dataset make_data(const DataChoice& choice) {
    std::vector<std::int64_t> lengths = dyadic_lengths(choice, longest);
    const auto effective = static_cast<std::size_t>(choice.effective);
    for (std::size_t first = 0; first < lengths.size(); first += effective) {
        const auto begin = lengths.begin() + static_cast<std::ptrdiff_t>(first);
        const auto end = begin + static_cast<std::ptrdiff_t>(std::min(effective, lengths.size() - first));
        const auto scored = std::find_if(begin, end, [](std::int64_t length) { return length > 0; });
        if (scored != end) std::iter_swap(begin, scored);  // the large numbers of a window are its first sample's
    }
    at::Tensor own = at::zeros({choice.samples, slots}, at::kDouble), width = width_rows(choice);
    for (std::int64_t sample = 0; sample < choice.samples; ++sample) {
        if (lengths[static_cast<std::size_t>(sample)] > 0)
            own.select(0, sample).select(0, sample % slots).fill_(1);
        else
            width.select(0, sample).fill_(0);  // nothing scored, nothing learnt
    }
    Dataset data;
    for (const std::int64_t length : lengths) data.units.push_back(static_cast<double>(length));
    data.pick = [=](std::span<const std::int64_t> chosen) {
        const at::Tensor index = at::tensor(at::IntArrayRef(chosen.data(), chosen.size()), at::kLong);
        return Examples{own.index_select(0, index), width.index_select(0, index)};
    };
    data.padded_units = [](std::span<const std::int64_t> chosen) {
        return static_cast<double>(longest) * static_cast<double>(chosen.size());
    };
    data.shuffled = false;
    return data;
}

at::Tensor loss_sum(torch::nn::Module& model, const Examples& examples) {
    const auto& canary = static_cast<const Canary&>(model);
    return at::linear(examples[0], canary.own).sum() + at::linear(examples[1], canary.width).sum();
}

Case canary() {
    return {.name = "canary",
            .summary = "coordinates that show each sample's weight and each sum's bits, exact, SGD that moves nothing",
            .contract = {.weighting = Weighting::token_mean, .exact = true},
            // No step reaches half way to another point of the lattice, so every window has the first one's bits.
            .optimizer = {.kind = OptimizerChoice::Kind::sgd, .lr = 0x1p-20, .ternary = true},
            .make_data = make_data,
            .make_model = [](at::ScalarType dtype, Seed seed) { return std::make_shared<Canary>(dtype, seed); },
            .loss_sum = loss_sum};
}

ISOBATCH_CASE(canary);

}  // namespace

}  // namespace isobatch
