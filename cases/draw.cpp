#include "cases/draw.h"

#include <ATen/ops/empty.h>

namespace isobatch {

at::Tensor drawn(at::IntArrayRef shape, const std::function<double()>& draw) {
    at::Tensor tensor = at::empty(shape, at::TensorOptions().dtype(at::kDouble));
    double* values = tensor.mutable_data_ptr<double>();
    for (std::int64_t i = 0; i < tensor.numel(); ++i) values[i] = draw();
    return tensor;
}

at::Tensor draw_normal(at::IntArrayRef shape, double deviation, Seed seed) {
    Random random(seed);
    return drawn(shape, [&]() -> double { return static_cast<float>(deviation * random.normal()); });
}

}  // namespace isobatch
