#include "trace/tensor.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include <fmt/format.h>

#include "base/check.h"
#include "base/error.h"
#include "base/text.h"

namespace isobatch {

static_assert(std::endian::native == std::endian::little,
              "the trace format is little-endian and its tensors are read in place");

namespace {

struct DtypeName {
    Dtype dtype;
    const char* name;
    std::size_t bytes;
};

constexpr DtypeName dtypes[] = {{Dtype::f64, "F64", 8},   {Dtype::f32, "F32", 4}, {Dtype::f16, "F16", 2},
                                {Dtype::bf16, "BF16", 2}, {Dtype::i64, "I64", 8}, {Dtype::i32, "I32", 4},
                                {Dtype::u8, "U8", 1}};

const DtypeName& entry(Dtype dtype) {
    for (const DtypeName& candidate : dtypes)
        if (candidate.dtype == dtype) return candidate;
    broken_promise("dtype", "unknown dtype", __FILE__, __LINE__);
}

double from_half(std::uint16_t bits) {
    const int exponent = (bits >> 10) & 0x1f;
    const int fraction = bits & 0x3ff;
    const double sign = (bits & 0x8000) ? -1.0 : 1.0;
    if (exponent == 31) return fraction ? std::nan("") : sign * HUGE_VAL;
    return sign * (exponent ? std::ldexp(1024 + fraction, exponent - 25) : std::ldexp(fraction, -24));
}

/// The elements from `begin` on, as many as there is room for.
void widen(const Tensor& tensor, std::size_t begin, std::span<double> into, const std::string& where) {
    const auto fill = [&](auto elements, auto convert) {
        for (std::size_t i = 0; i < into.size(); ++i) into[i] = convert(elements[begin + i]);
    };
    switch (tensor.dtype) {
        case Dtype::f64:
            return fill(tensor.as<double>(), [](double v) { return v; });
        case Dtype::f32:
            return fill(tensor.as<float>(), [](float v) { return double(v); });
        case Dtype::f16:
            return fill(tensor.as<std::uint16_t>(), from_half);
        case Dtype::bf16:
            return fill(tensor.as<std::uint16_t>(),
                        [](std::uint16_t v) { return double(std::bit_cast<float>(std::uint32_t{v} << 16)); });
        case Dtype::i64:
        case Dtype::i32:
        case Dtype::u8:
            break;
    }
    throw Error(fmt::format("a gradient of dtype {}", to_string(tensor.dtype)), where, "write a floating-point tensor");
}

}  // namespace

std::string to_string(Dtype dtype) {
    return entry(dtype).name;
}

Dtype parse_dtype(std::string_view text, const std::string& where) {
    for (const DtypeName& candidate : dtypes)
        if (text == candidate.name) return candidate.dtype;
    throw Error(fmt::format("unknown dtype \"{}\"", printable(text.substr(0, 40))), where,
                "write one of F64, F32, F16, BF16, I64, I32, U8");
}

std::size_t bytes_of(Dtype dtype) {
    return entry(dtype).bytes;
}

bool is_floating(Dtype dtype) {
    return dtype == Dtype::f64 || dtype == Dtype::f32 || dtype == Dtype::f16 || dtype == Dtype::bf16;
}

Tensor doubles_tensor(std::vector<double> values) {
    auto owner = std::make_shared<const std::vector<double>>(std::move(values));
    return {Dtype::f64, {static_cast<std::int64_t>(owner->size())}, std::as_bytes(std::span(*owner)), owner};
}

std::vector<double> as_doubles(const Tensor& tensor, const std::string& where) {
    std::vector<double> values(tensor.count());
    widen(tensor, 0, values, where);
    return values;
}

std::span<const double> block_of(const Tensor& tensor, std::size_t begin, Block& memory, const std::string& where) {
    const std::size_t count = std::min(memory.size(), tensor.count() - begin);
    if (tensor.dtype == Dtype::f64) return tensor.as<double>().subspan(begin, count);
    widen(tensor, begin, std::span(memory).first(count), where);
    return std::span(memory).first(count);
}

}  // namespace isobatch
