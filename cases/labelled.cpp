#include "cases/labelled.h"

#include <ATen/ops/argmax.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/reshape.h>

#include "cases/draw.h"
#include "cases/rows.h"

namespace isobatch {

Dataset labelled_rows(const DataChoice& choice, std::int64_t longest, std::int64_t features, std::int64_t classes) {
    const auto [samples, effective, kind, seed] = choice;
    const std::vector<std::int64_t> lengths = row_lengths(samples, longest, kind, seed);
    const at::Tensor inputs = draw_normal({samples, longest, features}, 1, seed.split("inputs"));
    at::Tensor targets = at::linear(inputs, draw_normal({classes, features}, 1, seed.split("truth"))).argmax(-1);
    for (std::int64_t row = 0; row < samples; ++row) {
        const std::int64_t length = lengths[static_cast<std::size_t>(row)];
        targets.select(0, row).narrow(0, length, longest - length).fill_(ignored);
    }
    return padded_rows(inputs, targets, lengths);
}

at::Tensor labelled_loss(const at::Tensor& logits, const at::Tensor& targets, double smoothing) {
    return at::cross_entropy_loss(logits.reshape({-1, logits.size(-1)}), targets.reshape({-1}), {}, at::Reduction::Sum,
                                  ignored, smoothing);
}

}  // namespace isobatch
