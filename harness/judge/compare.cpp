#include "judge/compare.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "base/check.h"

namespace isobatch {

namespace {

/// |a - b| where an equal pair (infinities included) is 0 and anything undefined is infinite.
double distance(double a, double b) {
    if (a == b) return 0;
    const double d = std::abs(a - b);
    return std::isnan(d) ? std::numeric_limits<double>::infinity() : d;
}

template <class A, class B>
Difference compare_spans(std::span<const A> a, std::span<const B> b) {
    Difference difference;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double d = distance(static_cast<double>(a[i]), static_cast<double>(b[i]));
        if (d > difference.largest) difference = {d, static_cast<std::int64_t>(i)};
    }
    return difference;
}

}  // namespace

Difference compare(const Tensor& a, const Tensor& b) {
    ISOBATCH_CHECK(a.count() == b.count(), "tensors of one parameter have one size");
    if (a.dtype == Dtype::f64 && b.dtype == Dtype::f64) return compare_spans(a.as<double>(), b.as<double>());
    if (a.dtype == Dtype::f32 && b.dtype == Dtype::f64) return compare_spans(a.as<float>(), b.as<double>());
    if (a.dtype == Dtype::f32 && b.dtype == Dtype::f32) return compare_spans(a.as<float>(), b.as<float>());
    const std::vector<double> x = as_doubles(a, "gradient"), y = as_doubles(b, "gradient");  // narrow formats
    return compare_spans(std::span<const double>(x), std::span<const double>(y));
}

double peak(const Tensor& tensor) {
    double largest = 0;
    const auto scan = [&](auto values) {
        for (const auto value : values) {
            const double size = std::abs(static_cast<double>(value));
            if (!(size <= largest)) largest = std::isnan(size) ? std::numeric_limits<double>::infinity() : size;
        }
    };
    if (tensor.dtype == Dtype::f64)
        scan(tensor.as<double>());
    else if (tensor.dtype == Dtype::f32)
        scan(tensor.as<float>());
    else
        scan(as_doubles(tensor, "gradient"));
    return largest;
}

bool identical(const Tensor& a, const Tensor& b) {
    if (a.dtype != b.dtype || a.shape != b.shape) return false;
    if (a.bytes.data() == b.bytes.data() || a.bytes.empty()) return true;  // memcmp takes no null, even for no bytes
    return std::memcmp(a.bytes.data(), b.bytes.data(), a.bytes.size()) == 0;
}

}  // namespace isobatch
