#include "reports/cost_fit.h"

#include <algorithm>

namespace isobatch {

namespace {

bool only_works(const Record& record) {
    if (unanswered(record.verdict.outcome) || record.cost.step_ms_min == 0) return true;  // it has no time
    return record.trial.engine == "serial" && record.trial.device == "cpu" && record.trial.threads == 1 &&
           record.cost.processor_ms_min > 0;
}

double fastest_ms(const Record& record, bool processors) {
    return processors ? record.cost.processor_ms_min : record.cost.step_ms_min;
}

}  // namespace

double fastest_ms(const Record& record, const CostModel& model) {
    return fastest_ms(record, model.processors);
}

CostModel cost_model_of(std::span<const Record> matrix) {
    const bool processors = std::all_of(matrix.begin(), matrix.end(), only_works);
    std::vector<CostPoint> points;
    for (const Record& record : matrix)
        if (!unanswered(record.verdict.outcome))
            points.push_back({record.trial.split, fastest_ms(record, processors), record.cost.memory.peak});
    const bool simulated =
        std::all_of(matrix.begin(), matrix.end(), [](const Record& record) { return record.trial.engine == "serial"; });
    return cost_model(std::move(points), simulated, processors);
}

}  // namespace isobatch
