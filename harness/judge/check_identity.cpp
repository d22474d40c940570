#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "base/lattice.h"
#include "base/text.h"
#include "judge/compare.h"
#include "judge/judge.h"
#include "plan/exchange.h"
#include "plan/trial.h"

namespace isobatch {

namespace {

Cut cut_of(const Trace& candidate, std::size_t k) {
    const Mesh mesh = candidate.manifest.mesh();
    Cut cut;
    for (int place = 0; place < mesh.places; ++place) {
        const auto& steps = candidate.ranks[static_cast<std::size_t>(place * mesh.copies)];
        cut.micros.push_back(k < steps.size() ? std::ssize(steps[k].micros) : 0);
    }
    cut.couples_samples = candidate.manifest.contract && candidate.manifest.contract->couples_samples;
    cut.learns_graph = k == 0 && parse_exchange(candidate.manifest.engine).static_graph;
    return cut;
}

struct Problem {
    Outcome outcome;
    Place place;
    std::string message;
};

Problem absent(const std::string& key, Place place) {
    return {Outcome::inconclusive, std::move(place),
            fmt::format("the trace does not hold \"{}\", the gradient of the window's twin", printable(key))};
}

/// What the shares of the t-th parameter add up to on its lattice.
std::vector<double> strict_sum(const WindowScale& window, std::size_t t) {
    std::vector<double> sum(window.tensors[t].truth.count(), 0);
    for (const std::vector<Tensor>& shares : window.shares) {
        const std::vector<double> share = as_doubles(shares[t], window.tensors[t].name);
        for (std::size_t j = 0; j < sum.size(); ++j) sum[j] += on_lattice(share[j], window.tensors[t].quantum);
    }
    return sum;
}

/// What the twin of the t-th parameter has to be.
std::vector<double> expected_of(Identity identity, const WindowScale& window, std::size_t t, const Tensor& gradient) {
    if (cancels(identity)) return std::vector<double>(gradient.count(), 0);
    return identity == Identity::strict ? strict_sum(window, t) : as_doubles(gradient, "gradient");
}

/// What is wrong with the twin of the t-th parameter. The sign of a zero is free.
std::optional<Problem> against(Identity identity, const Tensor& twin, const WindowScale& window, std::size_t t,
                               const Tensor& gradient, Place place) {
    const auto broken = [&](const std::string& how) {
        return Problem{Outcome::divergent, place,
                       fmt::format("{} does not hold ({}): in step {}, rank {}, {}", to_string(identity),
                                   meaning(identity), place.step, place.rank, how)};
    };
    if (twin.dtype != gradient.dtype || twin.shape != gradient.shape)
        return broken(fmt::format("the twin's \"{}\" has another dtype or shape", printable(place.tensor)));
    const std::vector<double> found = as_doubles(twin, "twin"), all = expected_of(identity, window, t, gradient);
    std::size_t wrong = 0;
    std::string first;
    for (std::size_t i = 0; i < found.size(); ++i) {
        const double expected = all[i];
        if (found[i] == expected || (std::isnan(found[i]) && std::isnan(expected)) || wrong++ > 0) continue;
        place.index = static_cast<std::int64_t>(i);
        first = fmt::format("{}[{}] is {:a} instead of {:a}", printable(place.tensor), i, found[i], expected);
    }
    if (wrong == 0) return std::nullopt;
    return broken(fmt::format("{}, and {} of the {} elements are wrong", first, wrong, found.size()));
}

/// The first problem of one twin of a window.
std::optional<Problem> against(Identity identity, const Step& step, const WindowScale& window, const Place& at) {
    for (std::size_t t = 0; t < window.tensors.size(); ++t) {
        const TensorScale& scale = window.tensors[t];
        const std::string key = fmt::format("twin/{}/{}", to_string(identity), scale.name);
        const Place place{at.step, at.rank, scale.name, -1};
        const auto twin = step.tensors.find(key);
        if (twin == step.tensors.end() || !is_floating(twin->second.dtype)) return absent(key, place);
        const auto problem = against(identity, twin->second, window, t, gradient_of(step, scale, at.rank), place);
        if (problem) return problem;
    }
    return std::nullopt;
}

/// The same window once more, by which determinism is probed: nothing where its bits are the same.
std::optional<Problem> not_repeated(const Step& step, const WindowScale& window, const Place& at, bool& noise) {
    for (const TensorScale& scale : window.tensors) {
        const std::string key = "twin/again/" + scale.name;
        const Place place{at.step, at.rank, scale.name, -1};
        const auto again = step.tensors.find(key);
        if (again == step.tensors.end()) return absent(key, place);
        noise = !identical(again->second, gradient_of(step, scale, at.rank));
        if (noise)
            return Problem{Outcome::inconclusive, place,
                           "not deterministic: the same window gave other bits when it was run again, so its twins say "
                           "nothing"};
    }
    return std::nullopt;
}

std::vector<IdentityStatus> asked_for(const std::string& trial) {
    std::vector<IdentityStatus> statuses;
    if (trial.find(" --identities ") == std::string::npos) return statuses;  // also what is no trial of ours
    for (const Identity identity : parse_identities(parse_trial(trial).identities))
        statuses.push_back({identity, 0, 0, "no window of it was judged"});
    return statuses;
}

}  // namespace

std::string without_identities(const std::string& trial) {
    if (trial.find(" --identities ") == std::string::npos) return trial;
    Trial own = parse_trial(trial);
    own.identities.clear();
    return to_string(own);
}

std::set<std::size_t> add_identities(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment,
                                     Verdict& verdict) {
    verdict.identities = asked_for(candidate.manifest.trial);
    CheckResult result{.check = Check::identity};
    std::set<std::size_t> twins;
    std::set<std::pair<Identity, std::size_t>> tried, broken;
    std::vector<std::string> names;
    bool noisy = false;
    const auto note = [&](const Problem& problem, bool noise) {
        const bool first = noise ? !noisy : !noisy && problem.outcome > result.outcome;
        if (first) {
            result.outcome = problem.outcome;
            result.first = result.worst = problem.place;
            result.message = problem.message;
        }
        noisy = noisy || noise;
    };
    if (verdict.identities.empty()) return twins;
    each_judged(yardstick, candidate, alignment, [&](std::size_t k, int rank, const WindowScale& window) {
        const Step& step = candidate.ranks[static_cast<std::size_t>(rank)][k];
        const Place place{static_cast<std::int64_t>(k + 1), rank};
        const Cut cut = cut_of(candidate, k);
        for (IdentityStatus& status : verdict.identities) {
            const std::string reason = unfit(status.identity, cut);
            if (status.windows == 0) status.unfit = reason;
            if (!reason.empty()) continue;
            twins.insert(k);
            status.windows += tried.insert({status.identity, k}).second;
            const auto problem = against(status.identity, step, window, place);
            if (!problem) continue;
            note(*problem, false);
            if (problem->outcome != Outcome::divergent) continue;
            if (status.broken == 0) names.push_back(to_string(status.identity));
            status.broken += broken.insert({status.identity, k}).second;
        }
        bool noise = false;
        if (!twins.contains(k)) return;
        if (const auto problem = not_repeated(step, window, place, noise)) note(*problem, noise);
    });
    if (!noisy && names.size() > 1)
        result.message =
            fmt::format("{} of the identities do not hold: {}. {}", names.size(), joined(names, ", "), result.message);
    if (!twins.empty()) verdict.checks.push_back(result);
    return twins;
}

}  // namespace isobatch
