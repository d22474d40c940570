#include "diagnose/predict.h"

#include <algorithm>

#include "base/check.h"

namespace isobatch {

namespace {

/// A weight for each sample from a rule about its micro.
template <class Rule>
std::vector<double> by_micro(const WindowEvidence& window, Rule rule) {
    std::vector<double> weights;
    for (const int micro : window.micro_of)
        weights.push_back(rule(window.layout.micros[static_cast<std::size_t>(micro)]));
    return weights;
}

/// N / (K n_m); a micro without a unit contributes nothing, but is still one of the K.
std::vector<double> mean_of_means(const WindowEvidence& window) {
    const double units = units_of(window.layout), micros = static_cast<double>(window.layout.micros.size());
    return by_micro(window, [&](const MicroCount& m) { return m.units > 0 ? units / (micros * m.units) : 1.0; });
}

}  // namespace

std::optional<Prediction> predict(Cause cause, const WindowEvidence& window) {
    const auto ones = [&] { return std::vector<double>(window.samples.size(), 1); };
    switch (cause) {
        case Cause::token_mean_of_means:
            return Prediction{mean_of_means(window), 0};
        case Cause::missing_accum_division:
            return Prediction{
                by_micro(window, [&](const MicroCount& m) { return double(micros_on(window.layout, m.rank)); }), 0};
        case Cause::zero_grad_in_window:
            return Prediction{by_micro(window,
                                       [&](const MicroCount& m) {
                                           return m.micro + 1 == micros_on(window.layout, m.rank) ? 1.0 : 0.0;
                                       }),
                              0};
        case Cause::not_zeroed_after_step:
            return Prediction{ones(), 1};
        case Cause::epoch_tail_dropped:
            return Prediction{ones(), 0};
        case Cause::unknown:
            return std::nullopt;
    }
    broken_promise("cause", "unknown cause", __FILE__, __LINE__);
}

bool explains_ledger(Cause cause, const Evidence& evidence) {
    if (!evidence.strangers.empty()) return false;
    return cause == Cause::epoch_tail_dropped ? evidence.missing == evidence.ragged : evidence.missing.empty();
}

}  // namespace isobatch
