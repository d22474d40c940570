#include "judge/narrow.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>

#include "judge/judge.h"

namespace isobatch {

namespace {

/// Whether bf16 holds it: an fp32 number whose lower half is 0.
bool fits_bf16(double value) {
    const auto narrow = static_cast<float>(value);
    return static_cast<double>(narrow) == value && (std::bit_cast<std::uint32_t>(narrow) & 0xffff) == 0;
}

/// The window's samples by the micro that a step of the candidate had them in.
std::vector<std::vector<std::size_t>> by_micro(const WindowScale& window, const Trace& candidate, std::size_t k) {
    std::map<std::string, std::size_t> at;
    for (std::size_t i = 0; i < window.samples.size(); ++i) at[window.samples[i]] = i;
    std::vector<std::vector<std::size_t>> micros;
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

/// For each entry of tensor t, how many micros have a share in it.
std::vector<int> addends_of(const WindowScale& window, std::size_t t,
                            const std::vector<std::vector<std::size_t>>& micros) {
    std::vector<int> addends(window.tensors[t].truth.count(), 0);
    for (const std::vector<std::size_t>& micro : micros) {
        std::vector<bool> touched(addends.size(), false);
        for (const std::size_t i : micro) {
            const std::vector<double> share = as_doubles(window.shares[i][t], window.tensors[t].name);
            for (std::size_t j = 0; j < share.size(); ++j)
                if (share[j] != 0) touched[j] = true;
        }
        for (std::size_t j = 0; j < addends.size(); ++j) addends[j] += touched[j];
    }
    return addends;
}

}  // namespace

std::optional<double> narrow_share(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment) {
    if (!yardstick.ours || !yardstick.contract || yardstick.contract->exact) return std::nullopt;
    const bool narrow = computes_narrow(yardstick.recipe);
    std::int64_t seen = 0, few = 0, few_of_reference = 0;
    each_judged(yardstick, candidate, alignment, [&](std::size_t k, int rank, const WindowScale& window) {
        if (rank != 0) return;  // the others' entries are the same ones
        const Step& step = candidate.ranks[0][k];
        const auto micros = narrow ? by_micro(window, candidate, k) : std::vector<std::vector<std::size_t>>();
        if (narrow && std::ssize(micros) < least_addends) return;
        for (std::size_t t = 0; t < window.tensors.size(); ++t) {
            const std::vector<double> entries =
                as_doubles(gradient_of(step, window.tensors[t], rank), window.tensors[t].name);
            const std::vector<double> own = as_doubles(window.tensors[t].gradient, window.tensors[t].name);
            const std::vector<int> addends = narrow ? addends_of(window, t, micros) : std::vector<int>();
            for (std::size_t j = 0; j < entries.size(); ++j) {
                if (entries[j] == 0 || !std::isfinite(entries[j])) continue;
                if (narrow && addends[j] < least_addends) continue;
                ++seen;
                few += fits_bf16(entries[j]);
                few_of_reference += fits_bf16(own[j]);
            }
        }
    });
    // In narrow arithmetic one micro that holds all has no more bits than that; several have.
    if (!narrow && static_cast<double>(few_of_reference) >= narrow_limit * static_cast<double>(seen))
        return std::nullopt;
    if (seen < (narrow ? least_entries : least_entries / 10)) return std::nullopt;
    return static_cast<double>(few) / static_cast<double>(seen);
}

}  // namespace isobatch
