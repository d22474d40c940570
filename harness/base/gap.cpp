#include "base/gap.h"

#include "base/check.h"

namespace isobatch {

namespace {

template <class A, class B>
Gap gap_of(std::span<const A> a, std::span<const B> b, double allowed) {
    ISOBATCH_CHECK(a.size() == b.size(), "a gap is one of spans of one length");
    Gap all;
    for (std::size_t i = 0; i < a.size(); ++i) take(all, a[i], b[i], static_cast<std::int64_t>(i), allowed);
    return all;
}

}  // namespace

Gap gap(std::span<const double> a, std::span<const double> b, double allowed) {
    return gap_of(a, b, allowed);
}

Gap gap(std::span<const float> a, std::span<const double> b, double allowed) {
    return gap_of(a, b, allowed);
}

Gap gap(std::span<const float> a, std::span<const float> b, double allowed) {
    return gap_of(a, b, allowed);
}

}  // namespace isobatch
