#include "cases/draw.h"

#include <ATen/ops/empty.h>

namespace isobatch {

at::Tensor draw_normal(at::IntArrayRef shape, double deviation, Seed seed) {
    at::Tensor tensor = at::empty(shape, at::TensorOptions().dtype(at::kDouble));
    Random random(seed);
    double* values = tensor.mutable_data_ptr<double>();
    for (std::int64_t i = 0; i < tensor.numel(); ++i) values[i] = static_cast<float>(deviation * random.normal());
    return tensor;
}

}  // namespace isobatch
