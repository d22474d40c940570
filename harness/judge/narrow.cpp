#include "judge/narrow.h"

#include <bit>
#include <cstdint>
#include <limits>
#include <map>
#include <type_traits>

#include "judge/judge.h"

namespace isobatch {

namespace {

using Micros = std::vector<std::vector<std::size_t>>;

/// The window's samples by the micro that a step of the candidate had them in.
Micros by_micro(const WindowScale& window, const Trace& candidate, std::size_t k) {
    std::map<std::string, std::size_t> at;
    for (std::size_t i = 0; i < window.samples.size(); ++i) at[window.samples[i]] = i;
    Micros micros;
    const auto copies = static_cast<std::size_t>(candidate.manifest.copies);
    for (std::size_t rank = 0; rank < candidate.ranks.size(); rank += copies) {
        if (k >= candidate.ranks[rank].size()) continue;
        for (const Micro& micro : candidate.ranks[rank][k].micros) {
            micros.emplace_back();
            for (const std::string& sample : micro.samples) micros.back().push_back(at.at(sample));
        }
    }
    return micros;
}

/// For each entry of a block of tensor t, how many micros have a share in it.
std::vector<int> addends_of(const WindowScale& window, std::size_t t, std::size_t begin, std::size_t count,
                            const Micros& micros) {
    std::vector<int> addends(count, 0);
    Block memory;
    for (const std::vector<std::size_t>& micro : micros) {
        std::vector<char> touched(count, 0);
        for (const std::size_t i : micro) {
            const auto share = block_of(window.shares[i][t], begin, memory, window.tensors[t].name);
            for (std::size_t j = 0; j < count; ++j) touched[j] |= share[j] != 0;
        }
        for (std::size_t j = 0; j < count; ++j) addends[j] += touched[j];
    }
    return addends;
}

struct Count {
    std::int64_t seen = 0;  ///< entries that are a number but 0
    std::int64_t few = 0;   ///< of these, those that bf16 could hold

    /// Integers, which take half the time of comparing numbers: 0 has no bits beside the sign's, what is not finite
    /// has no fewer than infinity, and a number of bf16 none below its 8 significant ones, of which 7 are stored.
    template <class Float>
    void take(Float entry, bool counts) {
        using Word = std::conditional_t<sizeof(Float) == 4, std::uint32_t, std::uint64_t>;
        constexpr Word infinite = std::bit_cast<Word>(std::numeric_limits<Float>::infinity());
        constexpr Word below = (Word{1} << (std::numeric_limits<Float>::digits - 8)) - 1;
        const Word bits = std::bit_cast<Word>(entry) & (~Word{0} >> 1);
        const bool seen_now = counts & (bits != 0) & (bits < infinite);
        seen += seen_now;
        few += seen_now & ((bits & below) == 0);
    }
    double share() const { return static_cast<double>(few) / static_cast<double>(seen); }
};

void add_all(Count& count, const Tensor& gradient) {
    const auto take = [&](auto entries) {
        constexpr std::size_t at_once = 1024;  // a number that the compiler knows, and makes vectors of
        for (; entries.size() >= at_once; entries = entries.subspan(at_once))
            for (std::size_t j = 0; j < at_once; ++j) count.take(entries[j], true);
        for (const auto entry : entries) count.take(entry, true);
    };
    if (gradient.dtype == Dtype::f32) return take(gradient.as<float>());  // as it lies, which each trace is full of
    each_block(gradient, "gradient", take);
}

/// Only entries that enough micros reach.
void add_sums(Count& count, const Tensor& gradient, const WindowScale& window, std::size_t t, const Micros& micros) {
    std::size_t begin = 0;
    each_block(gradient, "gradient", [&](std::span<const double> block) {
        const std::vector<int> addends = addends_of(window, t, begin, block.size(), micros);
        for (std::size_t j = 0; j < block.size(); ++j) count.take(block[j], addends[j] >= least_addends);
        begin += block.size();
    });
}

/// Of the reference's own gradients.
Count reference_count(const Yardstick& yardstick) {
    Count count;
    for (const WindowScale& window : yardstick.windows)
        for (const TensorScale& scale : window.tensors) add_all(count, scale.gradient);
    return count;
}

}  // namespace

std::optional<double> narrow_share(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment) {
    if (!yardstick.ours || !yardstick.contract || yardstick.contract->exact) return std::nullopt;
    const bool narrow = computes_narrow(yardstick.recipe);
    Count count;
    each_judged(yardstick, candidate, alignment, [&](std::size_t k, int rank, const WindowScale& window) {
        if (rank != 0) return;  // the others' entries are the same ones
        const Step& step = candidate.ranks[0][k];
        const Micros micros = narrow ? by_micro(window, candidate, k) : Micros();
        if (narrow && std::ssize(micros) < least_addends) return;
        for (std::size_t t = 0; t < window.tensors.size(); ++t) {
            const Tensor& gradient = gradient_of(step, window.tensors[t], rank);
            if (narrow)
                add_sums(count, gradient, window, t, micros);
            else
                add_all(count, gradient);
        }
    });
    if (count.seen < (narrow ? least_entries : least_entries / 10)) return std::nullopt;
    // In narrow arithmetic one micro that holds all has no more bits than that; several have.
    if (!narrow && count.share() >= narrow_limit && reference_count(yardstick).share() >= narrow_limit)
        return std::nullopt;
    return count.share();
}

}  // namespace isobatch
