#include "judge/step_losses.h"

#include <cmath>
#include <limits>

namespace isobatch {

std::optional<double> mean_over_places(const Trace& trace, int copy, std::size_t k,
                                       const std::function<std::optional<double>(const Step&)>& loss_of) {
    const Mesh mesh = trace.manifest.mesh();
    double sum = 0;
    for (int place = 0; place < mesh.places; ++place) {
        const std::vector<Step>& rank = trace.ranks[static_cast<std::size_t>(place * mesh.copies + copy)];
        const std::optional<double> loss = k < rank.size() ? loss_of(rank[k]) : std::nullopt;
        if (!loss) return std::nullopt;
        sum += *loss;
    }
    return sum / mesh.places;
}

void note_step(CheckResult& result, Outcome outcome, const Place& place, std::string message) {
    if (outcome > Outcome::equivalent && outcome > result.outcome) {
        result.first = place;
        result.message = std::move(message);
    }
    result.outcome = worst(result.outcome, outcome);
}

void fold_loss(CheckResult& result, const Place& place, double loss, double truth, const std::optional<double>& own,
               const Tolerance& tolerance, const std::function<std::string(double observed)>& say) {
    double observed = std::abs(loss - truth);
    if (std::isnan(observed)) observed = std::numeric_limits<double>::infinity();
    const double margin = margin_of(observed, tolerance);
    const Outcome outcome = margin > 1 ? Outcome::divergent : own == loss ? Outcome::identical : Outcome::equivalent;
    note_step(result, outcome, place, outcome > Outcome::equivalent ? say(observed) : std::string());
    if (result.worst && margin <= result.margin) return;
    result.worst = place;
    result.margin = margin;
    result.observed = observed;
    result.tolerance = tolerance;
}

}  // namespace isobatch
