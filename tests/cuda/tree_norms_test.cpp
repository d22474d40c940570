#include "cuda/tree_norms.h"

#include <cmath>
#include <limits>
#include <random>

#include "tests/cuda/place.h"

namespace isobatch {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

template <class T>
std::vector<T> random_values(std::size_t count) {
    std::mt19937_64 random(count);
    std::vector<T> values(count);
    for (T& value : values) value = static_cast<T>(std::normal_distribution<double>()(random));
    return values;
}

/// Equal bits, and so also NaN to itself.
bool same(double a, double b) {
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

class TreeNorms : public OnBoth {
protected:
    template <class T>
    void expect_the_cores(const std::vector<std::vector<T>>& tensors, std::size_t shift = 0) {
        std::vector<Norms> all;
        if (on_gpu()) {
            std::vector<OnDevice<T>> memory;
            for (const std::vector<T>& tensor : tensors) memory.emplace_back(tensor, shift);
            std::vector<cuda::Values> values;
            for (const OnDevice<T>& tensor : memory) values.emplace_back(tensor.data(), tensor.size());
            all = cuda::tree_norms(*queue, values);
        } else {
            for (const std::vector<T>& tensor : tensors) all.push_back(norms(std::span<const T>(tensor)));
        }
        ASSERT_EQ(all.size(), tensors.size());
        for (std::size_t i = 0; i < tensors.size(); ++i) {
            const Norms expected = norms(std::span<const T>(tensors[i]));
            EXPECT_TRUE(same(all[i].sum, expected.sum)) << i << ": " << all[i].sum << ", not " << expected.sum;
            EXPECT_TRUE(same(all[i].squares, expected.squares)) << i;
            EXPECT_TRUE(same(all[i].largest, expected.largest)) << i;
            EXPECT_FALSE(std::isnan(all[i].largest)) << i;
        }
    }

    template <class T>
    void of_every_size() {
        std::vector<std::vector<T>> tensors;
        for (const std::size_t count : {0, 1, 2, 5, 1023, 1024, 1025, 16'383, 16'384, 16'385, 400'001})
            tensors.push_back(random_values<T>(count));
        for (const std::size_t shift : {0, 1, 3}) expect_the_cores(tensors, shift);
    }
};

TEST_P(TreeNorms, OfFloats) {
    of_every_size<float>();
}

TEST_P(TreeNorms, OfDoubles) {
    of_every_size<double>();
}

TEST_P(TreeNorms, OfWhatIsNoNumber) {
    std::vector<std::vector<double>> tensors;
    for (const double bad : {infinity, -infinity, std::nan(""), -std::nan(""), 1e308, -0.0}) {
        tensors.push_back(random_values<double>(40'000));
        tensors.back()[39'000] = bad;
    }
    tensors.push_back({infinity, -infinity});
    tensors.push_back({-0.0, -0.0});
    expect_the_cores(tensors);
}

/// So many chunks that their sums have a tree of two levels.
TEST_P(TreeNorms, OfALargeTensor) {
    std::vector<float> large(Norms::chunk * Norms::chunk / 8 + 12'345, 0x1p-20F);
    large[Norms::chunk] = 1;
    expect_the_cores<float>({large, {1, 2}});
}

INSTANTIATE_TEST_SUITE_P(, TreeNorms, on_both(), name_of);

}  // namespace
}  // namespace isobatch
