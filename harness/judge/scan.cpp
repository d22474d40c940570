#include "judge/scan.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace isobatch {

namespace {

/// Instead of a second span.
struct Zeros {
    Zeros operator+(std::size_t) const { return {}; }
    double operator[](std::size_t) const { return 0; }
};

#ifdef __x86_64__

namespace avx512 {
#define TARGET __attribute__((target("avx512f")))
constexpr std::size_t width = 8;
TARGET inline void widen(const float* from, double* to) {
    _mm512_storeu_pd(to, _mm512_maskz_cvtps_pd(0xff, _mm256_loadu_ps(from)));
}
#include "judge/scan_lanes.h"
#undef TARGET
}  // namespace avx512

namespace avx2 {
#define TARGET __attribute__((target("avx2")))
constexpr std::size_t width = 4;
TARGET inline void widen(const float* from, double* to) {
    _mm256_storeu_pd(to, _mm256_cvtps_pd(_mm_loadu_ps(from)));
}
#include "judge/scan_lanes.h"
#undef TARGET
}  // namespace avx2

#endif

namespace portable {
#define TARGET
constexpr std::size_t width = 2;
inline void widen(const float* from, double* to) {
    for (std::size_t i = 0; i < width; ++i) to[i] = from[i];
}
#include "judge/scan_lanes.h"
#undef TARGET
}  // namespace portable

template <class A, class B>
Scan scan_widest(A a, B b, std::size_t count, double allowed) {
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f")) return avx512::scan(a, b, count, allowed);
    if (__builtin_cpu_supports("avx2")) return avx2::scan(a, b, count, allowed);
#endif
    return portable::scan(a, b, count, allowed);
}

}  // namespace

Scan scan(std::span<const double> a, std::span<const double> b, double allowed) {
    return scan_widest(a.data(), b.data(), a.size(), allowed);
}

Scan scan(std::span<const float> a, std::span<const double> b, double allowed) {
    return scan_widest(a.data(), b.data(), a.size(), allowed);
}

Scan scan(std::span<const float> a, std::span<const float> b, double allowed) {
    return scan_widest(a.data(), b.data(), a.size(), allowed);
}

Scan scan(std::span<const double> a, double allowed) {
    return scan_widest(a.data(), Zeros{}, a.size(), allowed);
}

Scan scan(std::span<const float> a, double allowed) {
    return scan_widest(a.data(), Zeros{}, a.size(), allowed);
}

}  // namespace isobatch
