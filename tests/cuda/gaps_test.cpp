#include "cuda/gaps.h"

#include <random>

#include "tests/cuda/place.h"

namespace isobatch {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

template <class A, class B>
struct Pair {
    std::vector<A> a;
    std::vector<B> b;
};

/// Near each other, a few equal, a few strange.
template <class A, class B>
Pair<A, B> near(std::size_t count, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    Pair<A, B> pair;
    const double strange[] = {infinity, -infinity, std::nan(""), -0.0, 1e-310, 1e308};
    for (std::size_t i = 0; i < count; ++i) {
        const double value = std::normal_distribution<double>()(random);
        pair.a.push_back(static_cast<A>(value));
        pair.b.push_back(
            static_cast<B>(random() % 4 == 0 ? value : value * (1 + 1e-6 * static_cast<double>(random() % 9))));
        if (random() % 500 == 0) pair.a.back() = static_cast<A>(strange[random() % 6]);
        if (random() % 500 == 0) pair.b.back() = static_cast<B>(strange[random() % 6]);
    }
    return pair;
}

class Gaps : public OnBoth {
protected:
    /// Of all pairs at once; on the GPU each `shift` elements behind an aligned address.
    template <class A, class B>
    std::vector<Gap> of(const std::vector<Pair<A, B>>& pairs, double allowed, std::size_t shift = 0) {
        std::vector<Gap> all;
        if (!on_gpu()) {
            for (const auto& [a, b] : pairs) all.push_back(gap(std::span<const A>(a), std::span<const B>(b), allowed));
            return all;
        }
        std::vector<std::pair<OnDevice<A>, OnDevice<B>>> memory;
        for (const auto& [a, b] : pairs) memory.emplace_back(OnDevice<A>(a, shift), OnDevice<B>(b, shift));
        std::vector<cuda::PairOfValues> values;
        for (const auto& [a, b] : memory) values.push_back({{a.data(), a.size()}, {b.data(), b.size()}});
        return cuda::gaps(*queue, values, allowed);
    }

    /// Which tests/judge/compare_test.cpp holds against the judge's.
    template <class A, class B>
    void expect_the_cores(const std::vector<Pair<A, B>>& pairs, double allowed, std::size_t shift = 0) {
        const std::vector<Gap> all = of(pairs, allowed, shift);
        ASSERT_EQ(all.size(), pairs.size());
        for (std::size_t i = 0; i < pairs.size(); ++i)
            EXPECT_TRUE(all[i] == gap(std::span<const A>(pairs[i].a), std::span<const B>(pairs[i].b), allowed))
                << "tensor " << i << ": " << all[i].largest << " at " << all[i].at << ", " << all[i].over << " over";
    }

    template <class A, class B>
    void of_every_size() {
        std::vector<Pair<A, B>> pairs;
        for (const std::size_t count : {0, 1, 3, 4, 5, 255, 1024, 1027, 4095, 4096, 4097, 100'003})
            pairs.push_back(near<A, B>(count, count));
        for (const std::size_t shift : {0, 1, 2, 3}) expect_the_cores(pairs, 1e-6, shift);
    }
};

TEST_P(Gaps, OfFloats) {
    of_every_size<float, float>();
}

TEST_P(Gaps, OfDoubles) {
    of_every_size<double, double>();
}

TEST_P(Gaps, OfFloatsAndDoubles) {
    of_every_size<float, double>();
}

TEST_P(Gaps, OfNoTensors) {
    EXPECT_TRUE((of<float, float>({}, 0).empty()));
}

TEST_P(Gaps, OfAThousandSmallTensors) {
    std::vector<Pair<float, float>> pairs;
    for (std::size_t i = 0; i < 1000; ++i) pairs.push_back(near<float, float>(1 + i % 700, i));
    for (const double allowed : {0.0, 1e-6, infinity}) expect_the_cores(pairs, allowed);
}

/// More parts than a block has threads, and the counters of the first launch used again.
TEST_P(Gaps, OfALargeTensorTwice) {
    Pair<float, float> large{std::vector<float>(3'000'000, 1), std::vector<float>(3'000'000, 1)};
    large.b[2'999'999] = 3;
    large.b[1'500'000] = -1;
    for (int i = 0; i < 2; ++i) expect_the_cores<float, float>({large, {{1}, {2}}}, 0.5);
}

INSTANTIATE_TEST_SUITE_P(, Gaps, on_both(), name_of);

}  // namespace
}  // namespace isobatch
