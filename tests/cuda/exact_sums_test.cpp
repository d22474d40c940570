#include "cuda/exact_sums.h"

#include <cmath>
#include <limits>
#include <random>

#include "tests/cuda/place.h"

namespace isobatch {
namespace {

template <class T>
std::vector<T> random_values(std::size_t count, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<T> values(count);
    for (T& value : values) {
        const double fraction = std::uniform_real_distribution<double>(-1, 1)(random);
        value = static_cast<T>(std::ldexp(fraction, -static_cast<int>(random() % 60)));
    }
    return values;
}

class ExactSums : public OnBoth {
protected:
    /// Adds the addends, one tensor each a round, as the core does, and here on the GPU or not; then compares all bits.
    template <class T>
    void expect_the_cores(const std::vector<std::vector<std::vector<T>>>& rounds, double weight,
                          std::size_t shift = 0) {
        const Quantum quantum = quantum_for(1, static_cast<std::int64_t>(rounds.size()));
        std::vector<ExactSum> expected;
        for (const std::vector<T>& tensor : rounds[0]) expected.emplace_back(quantum, tensor.size());
        for (const auto& tensors : rounds)
            for (std::size_t i = 0; i < tensors.size(); ++i) add(expected[i], std::span<const T>(tensors[i]), weight);
        if (!on_gpu()) {
            add_in_reverse(rounds, weight, expected);
            return;
        }
        std::vector<OnDevice<std::int64_t>> counts;
        std::vector<cuda::ExactSumOnDevice> sums;
        for (const ExactSum& sum : expected) {
            counts.emplace_back(std::vector<std::int64_t>(sum.counts.size()), shift % 2);
            sums.push_back({{quantum}, counts.back().data(), counts.back().size()});
        }
        for (const auto& tensors : rounds) {
            std::vector<OnDevice<T>> memory;
            std::vector<cuda::Values> values;
            for (const std::vector<T>& tensor : tensors) memory.emplace_back(tensor, shift);
            for (const OnDevice<T>& tensor : memory) values.emplace_back(tensor.data(), tensor.size());
            cuda::add(*queue, sums, values, weight);
        }
        for (std::size_t i = 0; i < expected.size(); ++i) {
            EXPECT_EQ(counts[i].values(), expected[i].counts) << i;
            EXPECT_EQ(sums[i].out_of_range, expected[i].out_of_range) << i;
            EXPECT_EQ(sums[i].holds(), expected[i].holds()) << i;
        }
        expect_read<float>(sums, expected, shift);
        expect_read<double>(sums, expected, shift);
    }

    template <class T>
    void add_in_reverse(const std::vector<std::vector<std::vector<T>>>& rounds, double weight,
                        const std::vector<ExactSum>& expected) {
        for (std::size_t i = 0; i < expected.size(); ++i) {
            ExactSum sum(expected[i].quantum, expected[i].counts.size());
            for (auto round = rounds.rbegin(); round != rounds.rend(); ++round)
                add(sum, std::span<const T>((*round)[i]), weight);
            EXPECT_EQ(sum.holds(), expected[i].holds());
            if (sum.holds()) {
                EXPECT_EQ(sum.counts, expected[i].counts);
            }
        }
    }

    template <class T>
    void expect_read(const std::vector<cuda::ExactSumOnDevice>& sums, const std::vector<ExactSum>& expected,
                     std::size_t shift) {
        std::vector<OnDevice<T>> memory;
        std::vector<T*> places;
        for (const ExactSum& sum : expected) {
            memory.emplace_back(std::vector<T>(sum.counts.size(), T(7)), shift);
            places.push_back(memory.back().data());
        }
        cuda::read(*queue, sums, std::span<T* const>(places));
        for (std::size_t i = 0; i < expected.size(); ++i) {
            std::vector<T> read_by_core(expected[i].counts.size());
            read(expected[i], std::span<T>(read_by_core));
            const std::vector<T> read_here = memory[i].values();
            for (std::size_t k = 0; k < read_here.size(); ++k)
                EXPECT_TRUE(read_here[k] == read_by_core[k] || (read_here[k] != read_here[k] && !expected[i].holds()))
                    << i << ", " << k;
        }
    }

    template <class T>
    void of_every_size(double weight) {
        std::vector<std::vector<std::vector<T>>> rounds(5);
        for (std::size_t round = 0; round < rounds.size(); ++round)
            for (const std::size_t count : {0, 1, 3, 4, 5, 1023, 4096, 4097, 100'003})
                rounds[round].push_back(random_values<T>(count, 100 * round + count));
        for (const std::size_t shift : {0, 1, 3}) expect_the_cores(rounds, weight, shift);
    }
};

TEST_P(ExactSums, OfFloats) {
    of_every_size<float>(1);
}

TEST_P(ExactSums, OfDoubles) {
    of_every_size<double>(1);
}

TEST_P(ExactSums, WithAWeight) {
    of_every_size<float>(1.0 / 3);
    of_every_size<double>(-0.7);
}

TEST_P(ExactSums, WhatIsOutOfRangeIsFlaggedInItsTensorAlone) {
    for (const double bad : {1.5, -1e300, std::numeric_limits<double>::infinity(), std::nan("")}) {
        std::vector<std::vector<double>> tensors{random_values<double>(70'000, 1), random_values<double>(70'000, 2)};
        tensors[1][69'999] = bad;
        expect_the_cores<double>({tensors, {tensors[0], tensors[0]}}, 1);
    }
}

TEST_P(ExactSums, AnExtremeWeightAddsNothing) {
    expect_the_cores<float>({{random_values<float>(100, 1)}}, std::nan(""));
}

INSTANTIATE_TEST_SUITE_P(, ExactSums, on_both(), name_of);

}  // namespace
}  // namespace isobatch
