#include "cuda/wide_sums.h"

#include <cmath>
#include <limits>
#include <random>

#include "tests/cuda/place.h"

namespace isobatch {
namespace {

using Tensors = std::vector<std::vector<float>>;

std::vector<float> numbers_of_all_sizes(std::size_t count, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<float> values(count);
    for (float& value : values) {
        const auto bits = static_cast<std::uint32_t>(random());
        value = is_finite_fp32(bits) ? std::bit_cast<float>(bits) : 1.F;
    }
    return values;
}

/// As reading leaves them: a NaN is one, whatever its bits.
void expect_same(const std::vector<float>& found, const std::vector<float>& expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i)
        EXPECT_TRUE(std::bit_cast<std::uint32_t>(found[i]) == std::bit_cast<std::uint32_t>(expected[i]) ||
                    (std::isnan(found[i]) && std::isnan(expected[i])))
            << i << ": " << found[i] << " beside " << expected[i];
}

class WideSums : public OnBoth {
protected:
    /// Adds the tensors of every round as the core does, and on the GPU, or here in another order; then compares all
    /// bits.
    void expect_the_cores(const std::vector<Tensors>& rounds) {
        std::vector<WideSum> expected;
        for (const std::vector<float>& tensor : rounds[0]) expected.emplace_back(tensor.size());
        for (const Tensors& tensors : rounds)
            for (std::size_t i = 0; i < tensors.size(); ++i) add(expected[i], tensors[i]);
        if (on_gpu())
            on_the_gpu(rounds, expected);
        else
            in_reverse(rounds, expected);
    }

    void on_the_gpu(const std::vector<Tensors>& rounds, const std::vector<WideSum>& expected) {
        std::vector<OnDevice<std::int64_t>> limbs;
        std::vector<cuda::WideSumOnDevice> sums;
        for (const WideSum& sum : expected) {
            limbs.emplace_back(std::vector<std::int64_t>(sum.limbs.size()));
            sums.push_back({{}, limbs.back().data(), static_cast<std::int64_t>(sum.size())});
        }
        for (const Tensors& tensors : rounds) {
            std::vector<OnDevice<float>> memory;
            std::vector<const float*> places;
            for (const std::vector<float>& tensor : tensors) memory.emplace_back(tensor);
            for (const OnDevice<float>& tensor : memory) places.push_back(tensor.data());
            cuda::add(*queue, sums, places);
        }
        std::vector<OnDevice<float>> read_memory;
        std::vector<float*> read_places;
        for (const WideSum& sum : expected) {
            read_memory.emplace_back(std::vector<float>(sum.size(), 7));
            read_places.push_back(read_memory.back().data());
        }
        cuda::read(*queue, sums, read_places);
        for (std::size_t i = 0; i < expected.size(); ++i) {
            EXPECT_EQ(sums[i].holds(), expected[i].holds()) << i;
            if (sums[i].holds()) {
                EXPECT_EQ(limbs[i].values(), expected[i].limbs) << i;
            }
            std::vector<float> values(expected[i].size());
            read(expected[i], values);
            expect_same(read_memory[i].values(), values);
        }
    }

    static void in_reverse(const std::vector<Tensors>& rounds, const std::vector<WideSum>& expected) {
        for (std::size_t i = 0; i < expected.size(); ++i) {
            WideSum sum(expected[i].size());
            for (auto round = rounds.rbegin(); round != rounds.rend(); ++round) add(sum, (*round)[i]);
            EXPECT_EQ(sum.holds(), expected[i].holds());
            std::vector<float> some(sum.size()), other(sum.size());
            read(sum, some);
            read(expected[i], other);
            expect_same(some, other);
        }
    }
};

TEST_P(WideSums, OfEverySizeOfTensorAndNumber) {
    std::vector<Tensors> rounds(5);
    for (std::size_t round = 0; round < rounds.size(); ++round)
        for (const std::size_t count : {0, 1, 3, 4, 5, 1023, 4096, 4097, 100'003})
            rounds[round].push_back(numbers_of_all_sizes(count, 100 * round + count));
    expect_the_cores(rounds);
}

TEST_P(WideSums, OfNumbersThatCancelAndOverflow) {
    const float largest = std::numeric_limits<float>::max(), smallest = std::numeric_limits<float>::denorm_min();
    expect_the_cores({{{largest, largest, 1.F, -1.F, 0.F, -smallest}},
                      {{smallest, largest, 0x1p-24F, 1.F, -0.F, -smallest}},
                      {{-largest, 1.F, smallest, -0x1p-60F, 0.F, -smallest}}});
}

TEST_P(WideSums, WhatIsNotFiniteLeavesNoSumInItsTensorAlone) {
    for (const float bad : {std::numeric_limits<float>::infinity(), std::nanf("")}) {
        Tensors tensors{numbers_of_all_sizes(70'000, 1), numbers_of_all_sizes(70'000, 2)};
        const Tensors good = tensors;
        tensors[1][69'999] = bad;
        expect_the_cores({tensors, good});
    }
}

INSTANTIATE_TEST_SUITE_P(, WideSums, on_both(), name_of);

}  // namespace
}  // namespace isobatch
