#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "judge/judge.h"

namespace isobatch {

namespace {

/// How often each sample was used, by epoch.
using Uses = std::map<std::pair<int, std::string>, int>;

/// `3 samples never used, 1 used twice …` over all epochs.
std::string ledger_text(const Yardstick& yardstick, const Trace& candidate) {
    Uses uses;
    for (const WindowScale& window : yardstick.windows)
        for (const std::string& sample : window.samples) --uses[{window.epoch, sample}];
    const auto copies = static_cast<std::size_t>(candidate.manifest.copies);
    for (std::size_t rank = 0; rank < candidate.ranks.size(); rank += copies)
        for (const Step& step : candidate.ranks[rank])
            for (const Micro& micro : step.micros)
                for (const std::string& sample : micro.samples) ++uses[{step.epoch, sample}];
    int unused = 0, repeated = 0;
    std::string example;
    for (const auto& [key, surplus] : uses) {
        unused += std::max(0, -surplus);
        repeated += std::max(0, surplus);
        if (surplus != 0 && example.empty())
            example = fmt::format("first: sample {} of epoch {}", printable(key.second), key.first);
    }
    if (unused == 0 && repeated == 0) return "every sample was used as often as promised, but in other windows";
    return fmt::format("{} sample uses missing, {} too many ({})", unused, repeated, example);
}

bool same_samples(const Step& a, const Step& b) {
    const auto same = [](const Micro& x, const Micro& y) {
        return x.index == y.index && x.samples == y.samples && x.units == y.units;
    };
    return a.epoch == b.epoch && std::equal(a.micros.begin(), a.micros.end(), b.micros.begin(), b.micros.end(), same);
}

/// Where a rank first holds other samples than the first copy of its place.
std::optional<Place> strange_copy(const Trace& candidate) {
    const Mesh mesh = candidate.manifest.mesh();
    for (std::size_t rank = 0; rank < candidate.ranks.size(); ++rank) {
        const auto& own = candidate.ranks[rank];
        const auto& first = candidate.ranks[static_cast<std::size_t>(mesh.first_copy(static_cast<int>(rank)))];
        for (std::size_t k = 0; k < std::max(own.size(), first.size()); ++k)
            if (k >= own.size() || k >= first.size() || !same_samples(own[k], first[k]))
                return Place{static_cast<std::int64_t>(k + 1), static_cast<int>(rank), "", -1};
    }
    return std::nullopt;
}

/// Where a micro first counts other units than its samples have. Claims and diagnosis go by what it counts.
std::optional<Place> miscounted(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment) {
    std::optional<Place> found;
    each_judged(yardstick, candidate, alignment, [&](std::size_t k, int rank, const WindowScale& window) {
        std::map<std::string, double> units;
        for (std::size_t i = 0; i < window.samples.size(); ++i) units[window.samples[i]] = window.sample_units[i];
        for (const Micro& micro : candidate.ranks[static_cast<std::size_t>(rank)][k].micros) {
            double sum = 0;
            for (const std::string& sample : micro.samples) sum += units[sample];
            // Every addition rounds once, and units may be fractions.
            const double roundings = static_cast<double>(micro.samples.size());
            const Tolerance tolerance{0, unit_roundoff(Recipe::fp64), sum * roundings, 1};
            if (!found && !(margin_of(std::abs(micro.units - sum), tolerance) <= 1))
                found = Place{static_cast<std::int64_t>(k + 1), rank, "", -1};
        }
    });
    return found;
}

}  // namespace

CheckResult check_data(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment) {
    CheckResult result{.check = Check::data};
    std::vector<std::string> strangers, missing;
    for (const std::size_t k : alignment.strangers) {
        strangers.push_back(std::to_string(k + 1));
        if (!result.first) result.first = Place{static_cast<std::int64_t>(k + 1), 0, "", -1};
    }
    for (const std::size_t w : alignment.missing) missing.push_back(std::to_string(yardstick.windows[w].step));
    const std::optional<Place> copy = strange_copy(candidate);
    const std::optional<Place> units = miscounted(yardstick, candidate, alignment);
    if (strangers.empty() && missing.empty() && !copy && !units) return result;
    result.outcome = Outcome::divergent;
    if (!result.first) result.first = (copy ? copy : units).value_or(Place{});
    result.worst = result.first;
    std::vector<std::string> parts;
    if (copy)
        parts.push_back(fmt::format("rank {} is a copy of rank {}, and holds other samples in step {}", copy->rank,
                                    candidate.manifest.mesh().first_copy(copy->rank), copy->step));
    if (units)
        parts.push_back(
            fmt::format("step {} of rank {} counts other units than its samples have", units->step, units->rank));
    if (!missing.empty())
        parts.push_back(fmt::format("no step holds the samples of the reference's window {}", joined(missing, ", ")));
    if (!strangers.empty()) parts.push_back(fmt::format("step {} holds samples of no window", joined(strangers, ", ")));
    if (!strangers.empty() || !missing.empty()) parts.push_back(ledger_text(yardstick, candidate));
    result.message = joined(parts, "; ");
    return result;
}

}  // namespace isobatch
