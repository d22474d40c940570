#include "reports/cost_fit.h"

#include <algorithm>

namespace isobatch {

CostModel cost_model_of(std::span<const Record> matrix) {
    std::vector<CostPoint> points;
    for (const Record& record : matrix)
        if (!unanswered(record.verdict.outcome))
            points.push_back({record.trial.split, record.cost.step_ms_min, record.cost.memory_bytes_peak});
    const bool simulated =
        std::all_of(matrix.begin(), matrix.end(), [](const Record& record) { return record.trial.engine == "serial"; });
    return cost_model(std::move(points), simulated);
}

}  // namespace isobatch
