#include "diagnose/examine.h"

#include <algorithm>
#include <cmath>

#include "diagnose/clipping.h"
#include "diagnose/evidence_of.h"
#include "diagnose/left_over.h"
#include "diagnose/reporting.h"
#include "diagnose/width.h"
#include "judge/judge.h"
#include "judge/narrow.h"
#include "judge/tolerance.h"

namespace isobatch {

Record Examiner::examine(const Trace& candidate, std::string repro) {
    Record record;
    record.trial = parse_trial(candidate.manifest.trial);
    record.repro = std::move(repro);
    record.contract = yardstick_->contract;
    record.clauses = yardstick_->clauses;
    record.verdict = judge(*yardstick_, candidate);
    if (unanswered(record.verdict.outcome)) return record;
    record.evidence = evidence_of(*yardstick_, candidate);
    record.evidence.narrow = narrow_share(*yardstick_, candidate, align(*yardstick_, candidate));
    if (record.verdict.outcome > Outcome::equivalent) {
        if (!decoder_) decoder_ = std::make_unique<Decoder>(*yardstick_);
        decoder_->recover(record.evidence, candidate);
        if (yardstick_->ours) {
            add_clipping(record.evidence, *yardstick_, candidate);
            add_reporting(record.evidence, candidate);
        } else {
            add_left_over(record.evidence, candidate);
        }
        record.evidence.widths = widths_of(*yardstick_, record.evidence, candidate);
    }
    record.traffic = traffic_of(candidate);
    record.cost = cost_of(candidate);
    return record;
}

bool wants_units(const Record& record) {
    const std::vector<WindowEvidence>& windows = record.evidence.windows;
    const bool rounded = record.evidence.narrow.value_or(0) >= narrow_limit;
    return !rounded && std::any_of(windows.begin(), windows.end(), [&](const WindowEvidence& window) {
        return std::any_of(window.recovered.begin(), window.recovered.end(), [&](const Recovered& entry) {
            return std::isfinite(entry.residual) && entry.residual > residual_limit(record.trial.recipe);
        });
    });
}

}  // namespace isobatch
