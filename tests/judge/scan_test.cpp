// The source itself, so that every set of instructions that this machine has can be asked, not only the widest.
#include "judge/scan.cpp"  // NOLINT(bugprone-suspicious-include)

#include <vector>

#include <rapidcheck/gtest.h>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

/// One by one, as it is meant.
template <class A>
Scan plain(const std::vector<A>& a, const auto& b, double allowed) {
    Scan result;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double distance = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
        if (distance > result.largest) result.largest = distance;
        result.over += !(distance <= allowed);
    }
    return result;
}

void expect_equal(const Scan& a, const Scan& b) {
    RC_ASSERT(a.largest == b.largest);
    RC_ASSERT(a.over == b.over);
}

template <class A>
void expect_plain(const std::vector<A>& a, const auto* b, double allowed, const Scan& expected) {
    expect_equal(scan_widest(a.data(), b, a.size(), allowed), expected);
    expect_equal(portable::scan(a.data(), b, a.size(), allowed), expected);
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2")) expect_equal(avx2::scan(a.data(), b, a.size(), allowed), expected);
    if (__builtin_cpu_supports("avx512f")) expect_equal(avx512::scan(a.data(), b, a.size(), allowed), expected);
#endif
}

/// Mostly small whole numbers, so that distances repeat and meet the allowed one exactly.
template <class T>
std::vector<T> numbers(std::size_t count) {
    const auto strange = rc::gen::element<T>(std::numeric_limits<T>::infinity(), -std::numeric_limits<T>::infinity(),
                                             std::numeric_limits<T>::quiet_NaN(), T(-0.0), T(1e30));
    const auto usual = rc::gen::map(rc::gen::inRange(-9, 10), [](int number) { return static_cast<T>(number) / 4; });
    return *rc::gen::container<std::vector<T>>(count, rc::gen::weightedOneOf<T>({{20, usual}, {1, strange}}));
}

template <class A, class B>
void every_set_of_instructions() {
    const std::size_t count = *rc::gen::inRange<std::size_t>(0, 70);
    const std::vector<A> a = numbers<A>(count);
    const std::vector<B> b = numbers<B>(count);
    const double allowed = *rc::gen::element(0.0, 0.5, 1e29, std::numeric_limits<double>::infinity());
    expect_plain(a, b.data(), allowed, plain(a, b, allowed));
    expect_equal(scan(std::span<const A>(a), std::span<const B>(b), allowed), plain(a, b, allowed));
    expect_equal(scan(std::span<const A>(a), allowed), plain(a, std::vector<A>(count), allowed));
}

RC_GTEST_PROP(Scan, DoublesAreScannedAlikeByEverySetOfInstructions, ()) {
    every_set_of_instructions<double, double>();
}

RC_GTEST_PROP(Scan, FloatsAreScannedAlikeByEverySetOfInstructions, ()) {
    every_set_of_instructions<float, float>();
}

RC_GTEST_PROP(Scan, FloatsAgainstDoublesAreScannedAlikeByEverySetOfInstructions, ()) {
    every_set_of_instructions<float, double>();
}

}  // namespace
}  // namespace isobatch
