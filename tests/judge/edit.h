#pragma once

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "trace/trace.h"

namespace isobatch {

inline std::size_t count_of(const Parameter& parameter) {
    std::int64_t count = 1;
    for (const std::int64_t side : parameter.shape) count *= side;
    return static_cast<std::size_t>(count);
}

/// A number in a format with so many significant bits.
inline double rounded_to(int bits, double value) {
    int exponent = 0;
    const double fraction = std::frexp(value, &exponent);
    return std::ldexp(std::round(std::ldexp(fraction, bits)), exponent - bits);
}

/// The 16 bits of a number that the format holds exactly: bf16, or f16 in its normal range.
inline std::uint16_t half_bits(Dtype dtype, double value) {
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
    if (dtype == Dtype::bf16) return static_cast<std::uint16_t>(bits >> 16);
    const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000);
    const auto exponent = static_cast<int>((bits >> 23) & 0xff);
    if (exponent == 0) return sign;
    if (exponent == 0xff) return static_cast<std::uint16_t>(sign | 0x7c00 | ((bits & 0x7fffff) != 0));
    return static_cast<std::uint16_t>(sign | ((exponent - 112) << 10) | ((bits >> 13) & 0x3ff));
}

/// A tensor of these numbers; a narrow dtype must hold them exactly.
inline Tensor tensor_of(Dtype dtype, std::vector<std::int64_t> shape, const std::vector<double>& values) {
    auto owner = std::make_shared<std::vector<std::byte>>(values.size() * bytes_of(dtype));
    for (std::size_t i = 0; i < values.size(); ++i) {
        std::byte* const to = owner->data() + i * bytes_of(dtype);
        const auto write = [&](auto element) { std::memcpy(to, &element, sizeof element); };
        if (dtype == Dtype::f64)
            write(values[i]);
        else if (dtype == Dtype::f32)
            write(static_cast<float>(values[i]));
        else
            write(half_bits(dtype, values[i]));
    }
    const std::span<const std::byte> bytes = *owner;
    return {dtype, std::move(shape), bytes, std::move(owner)};
}

/// Replaces every element of a tensor of the step by change(index, element), in the tensor's own dtype.
inline void edit(Step& step, const std::string& key, const std::function<double(std::size_t, double)>& change) {
    Tensor& tensor = step.tensors.at(key);
    std::vector<double> values = as_doubles(tensor, key);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = change(i, values[i]);
    tensor = tensor_of(tensor.dtype, tensor.shape, values);
}

/// Gives one sample the weight 1 + d instead of 1 in all gradients of a step. `scale` is the reference's step of that
/// window.
inline void misweigh(Step& step, const Step& scale, std::size_t sample, double d) {
    const std::string prefix = fmt::format("sample/{}/", sample);
    for (const auto& [key, share] : scale.tensors) {
        if (!key.starts_with(prefix)) continue;
        const std::vector<double> values = as_doubles(share, key);
        edit(step, "grad/" + key.substr(prefix.size()), [&](std::size_t j, double g) { return g + d * values[j]; });
    }
}

}  // namespace isobatch
