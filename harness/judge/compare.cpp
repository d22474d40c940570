#include "judge/compare.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "judge/scan.h"

namespace isobatch {

namespace {

constexpr std::size_t block = 4096;  ///< elements: both stay in the first cache for the second look

/// |a - b| where an equal pair (infinities included) is 0 and anything undefined is infinite.
double distance(double a, double b) {
    if (a == b) return 0;
    const double d = std::abs(a - b);
    return std::isnan(d) ? std::numeric_limits<double>::infinity() : d;
}

/// Looks twice, one by one, only at a block that has something to name.
template <class A, class B>
Difference compare_spans(std::span<const A> a, std::span<const B> b, double allowed) {
    Difference difference;
    for (std::size_t begin = 0; begin < a.size(); begin += block) {
        const std::size_t end = std::min(begin + block, a.size());
        const Scan found = scan(a.subspan(begin, end - begin), b.subspan(begin, end - begin), allowed);
        if (found.over == 0 && found.largest <= difference.largest) continue;
        for (std::size_t i = begin; i < end; ++i) {
            const double d = distance(static_cast<double>(a[i]), static_cast<double>(b[i]));
            if (d > allowed && difference.over++ == 0) difference.first = static_cast<std::int64_t>(i);
            if (d > difference.largest) {
                difference.largest = d;
                difference.at = static_cast<std::int64_t>(i);
            }
        }
    }
    return difference;
}

}  // namespace

Difference compare(const Tensor& a, const Tensor& b, double allowed) {
    ISOBATCH_CHECK(a.count() == b.count(), "tensors of one parameter have one size");
    if (a.dtype == Dtype::f64 && b.dtype == Dtype::f64) return compare_spans(a.as<double>(), b.as<double>(), allowed);
    if (a.dtype == Dtype::f32 && b.dtype == Dtype::f64) return compare_spans(a.as<float>(), b.as<double>(), allowed);
    if (a.dtype == Dtype::f32 && b.dtype == Dtype::f32) return compare_spans(a.as<float>(), b.as<float>(), allowed);
    const std::vector<double> x = as_doubles(a, "gradient"), y = as_doubles(b, "gradient");  // narrow formats
    return compare_spans(std::span<const double>(x), std::span<const double>(y), allowed);
}

double peak(const Tensor& tensor) {
    // Against zeros, of which nothing finite is further away than this.
    constexpr double finite = std::numeric_limits<double>::max();
    const auto of = [&](auto values) {
        const Scan found = scan(values, finite);
        return found.over == 0 ? found.largest : std::numeric_limits<double>::infinity();
    };
    if (tensor.dtype == Dtype::f64) return of(tensor.as<double>());
    if (tensor.dtype == Dtype::f32) return of(tensor.as<float>());
    const std::vector<double> values = as_doubles(tensor, "gradient");
    return of(std::span<const double>(values));
}

bool identical(const Tensor& a, const Tensor& b) {
    if (a.dtype != b.dtype || a.shape != b.shape) return false;
    if (a.bytes.data() == b.bytes.data() || a.bytes.empty()) return true;  // memcmp takes no null, even for no bytes
    return std::memcmp(a.bytes.data(), b.bytes.data(), a.bytes.size()) == 0;
}

}  // namespace isobatch
