#include "diagnose/width.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "base/check.h"
#include "diagnose/recover.h"
#include "judge/judge.h"

namespace isobatch {

namespace {

/// An element to which two samples of the window give, one 2^exponent times as much as the other.
struct Probe {
    std::size_t element = 0;
    int exponent = 0;
    std::size_t large = 0, small = 0;  ///< indices of the samples
};

std::vector<Probe> probes_of(const WindowScale& window, std::size_t tensor) {
    std::vector<std::vector<double>> shares;
    for (const auto& sample : window.shares) shares.push_back(as_doubles(sample[tensor], "share"));
    std::vector<Probe> probes;
    for (std::size_t e = 0; e < window.tensors[tensor].truth.count(); ++e) {
        std::vector<std::size_t> givers;
        for (std::size_t i = 0; i < shares.size() && givers.size() < 3; ++i)
            if (shares[i][e] != 0) givers.push_back(i);
        if (givers.size() != 2) continue;
        if (std::abs(shares[givers[0]][e]) < std::abs(shares[givers[1]][e])) std::swap(givers[0], givers[1]);
        int exponent = 0;  // of a power of two, whose significand is a half
        if (std::frexp(shares[givers[0]][e] / shares[givers[1]][e], &exponent) == 0.5)
            probes.push_back({e, exponent - 1, givers[0], givers[1]});
    }
    return probes;
}

Stage stage_of(const WindowEvidence& window, const Probe& probe) {
    const int a = window.micro_of[probe.large], b = window.micro_of[probe.small];
    if (a == b) return Stage::micro;
    const auto rank = [&](int micro) { return window.layout.micros[static_cast<std::size_t>(micro)].rank; };
    return rank(a) == rank(b) ? Stage::device : Stage::exchange;
}

/// right[stage][j]: whether every sum of 2^j and 1 was.
using Readings = std::map<Stage, std::map<int, bool>>;

void read(const WindowScale& scale, const WindowEvidence& window, const Trace& candidate, Readings& right) {
    const auto k = static_cast<std::size_t>(window.step - 1);
    for (std::size_t t = 0; t < scale.tensors.size(); ++t) {
        const std::vector<Probe> probes = probes_of(scale, t);
        if (probes.empty()) continue;
        const std::vector<double> truth = as_doubles(scale.tensors[t].truth, "truth");
        for (std::size_t rank = 0; rank < candidate.ranks.size(); ++rank) {
            if (k >= candidate.ranks[rank].size()) continue;
            const std::vector<double> found =
                as_doubles(gradient_of(candidate.ranks[rank][k], scale.tensors[t], static_cast<int>(rank)), "gradient");
            for (const Probe& probe : probes) {
                bool& all = right[stage_of(window, probe)].try_emplace(probe.exponent, true).first->second;
                all = all && found[probe.element] == truth[probe.element];
            }
        }
    }
}

/// The first that is wrong, where every smaller one is right and every larger one is wrong.
std::optional<int> first_wrong(const std::map<int, bool>& right) {
    const auto first = std::find_if(right.begin(), right.end(), [](const auto& entry) { return !entry.second; });
    if (first == right.begin() || first == right.end()) return std::nullopt;
    if (std::any_of(first, right.end(), [](const auto& entry) { return entry.second; })) return std::nullopt;
    return first->first;
}

std::string where_added(Stage stage) {
    switch (stage) {
        case Stage::micro:
            return "where the samples of a micro-batch are added up";
        case Stage::device:
            return "where a device adds up its micro-batches";
        case Stage::exchange:
            return "where the devices' gradients are added up";
    }
    broken_promise("stage", "unknown stage", __FILE__, __LINE__);
}

}  // namespace

std::vector<Width> widths_of(const Yardstick& yardstick, const Evidence& evidence, const Trace& candidate) {
    Readings right;
    for (const WindowEvidence& window : evidence.windows) {
        const WindowScale* scale = scale_of(yardstick, window);
        if (scale != nullptr && same_bits(*scale, candidate.manifest.mesh())) read(*scale, window, candidate, right);
    }
    std::vector<Width> widths;
    for (const auto& [stage, exponents] : right)
        if (const auto bits = first_wrong(exponents)) widths.push_back({stage, *bits});
    return widths;
}

std::string width_sentences(const std::vector<const Record*>& divergent) {
    std::map<Stage, int> narrow;
    for (const Record* record : divergent) {
        const std::vector<Width>& widths = record->evidence.widths;
        const auto last = std::max_element(widths.begin(), widths.end(),
                                           [](const Width& a, const Width& b) { return a.stage < b.stage; });
        if (last == widths.end()) continue;
        const int bits = narrow.try_emplace(last->stage, last->bits).first->second;
        narrow[last->stage] = std::min(bits, last->bits);
    }
    if (narrow.size() > 1) narrow.erase(Stage::micro);  // what one micro left went through the others
    std::string text;
    for (const auto& [stage, bits] : narrow)
        text += fmt::format(" Gradients keep {} bits {}: 2^{} + 1 comes out as another number there.", bits,
                            where_added(stage), bits);
    return text;
}

}  // namespace isobatch
