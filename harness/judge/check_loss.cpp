#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "judge/judge.h"

namespace isobatch {

namespace {

/// The window's loss under the contract, as one copy of every place has it: their losses are averaged, as their
/// gradients are.
std::optional<double> loss_of(const Trace& trace, const Mesh& mesh, int copy, std::size_t k) {
    double sum = 0;
    for (int place = 0; place < mesh.places; ++place) {
        const std::vector<Step>& rank = trace.ranks[static_cast<std::size_t>(place * mesh.copies + copy)];
        if (k >= rank.size() || !rank[k].loss) return std::nullopt;
        sum += *rank[k].loss;
    }
    return sum / mesh.places;
}

/// Merges the outcome of one window; the first place with the worst of them is told.
void note(CheckResult& result, Outcome outcome, const Place& place, std::string message) {
    if (outcome > Outcome::equivalent && outcome > result.outcome) {
        result.first = place;
        result.message = std::move(message);
    }
    result.outcome = worst(result.outcome, outcome);
}

}  // namespace

CheckResult check_loss(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment) {
    CheckResult result{.check = Check::loss};
    const Mesh mesh = candidate.manifest.mesh();
    for (std::size_t at = 0; at < alignment.window.size() * static_cast<std::size_t>(mesh.copies); ++at) {
        const std::size_t k = at / static_cast<std::size_t>(mesh.copies);
        const int copy = static_cast<int>(at % static_cast<std::size_t>(mesh.copies));
        const Place place{static_cast<std::int64_t>(k + 1), copy, "", -1};
        const std::optional<double> loss = loss_of(candidate, mesh, copy, k);
        if (copy == 0) result.losses.push_back({place.step, loss, std::nullopt, 0});
        if (!alignment.window[k]) continue;
        const WindowScale& window = yardstick.windows[*alignment.window[k]];
        if (!window.loss_truth) continue;
        const Tolerance tolerance = owed(window.loss_tolerance, same_bits(window, mesh));
        if (copy == 0) result.losses.back() = {place.step, loss, window.loss_truth, tolerance.allowed()};
        if (!loss) {  // never a silent pass
            note(result, Outcome::inconclusive, place,
                 fmt::format("the loss of window {} was not recorded on every rank", k + 1));
            continue;
        }
        double observed = std::abs(*loss - *window.loss_truth);
        if (std::isnan(observed)) observed = std::numeric_limits<double>::infinity();
        const double margin = margin_of(observed, tolerance);
        const Outcome outcome = margin > 1            ? Outcome::divergent
                                : loss == window.loss ? Outcome::identical
                                                      : Outcome::equivalent;
        note(result, outcome, place,
             fmt::format("window {} has loss {:.17g}, the truth is {:.17g}", k + 1, *loss, *window.loss_truth));
        if (!result.worst || margin > result.margin) {
            result.worst = place;
            result.margin = margin;
            result.observed = observed;
            result.tolerance = tolerance;
        }
    }
    return result;
}

}  // namespace isobatch
