#include "diagnose/reporting.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace isobatch {

namespace {

/// What a rank would report.
double reported(Reporting reporting, const Step& step) {
    double optimised = 0;
    for (const Micro& micro : step.micros) optimised += micro.loss * *micro.weight;
    switch (reporting) {
        case Reporting::right:
            return optimised;
        case Reporting::last_micro:
            return step.micros.empty() || step.micros.back().units == 0
                       ? 0
                       : step.micros.back().loss / step.micros.back().units;
        case Reporting::over_accum:
            return optimised / static_cast<double>(std::max<std::size_t>(step.micros.size(), 1));
        case Reporting::scaled:
            return first_loss_scale * optimised;
    }
    return optimised;
}

/// Both are sums of the same fp64 numbers, in another order at most; what differs otherwise does so by far more. What
/// is no number says nothing.
bool near(double a, double b) {
    if (!std::isfinite(a) || !std::isfinite(b)) return std::isfinite(a) == std::isfinite(b);
    return std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b));
}

bool says_what_it_weighs(const Step& step) {
    return step.loss && std::all_of(step.micros.begin(), step.micros.end(), [](const Micro& m) { return !!m.weight; });
}

}  // namespace

std::string to_string(Reporting reporting) {
    switch (reporting) {
        case Reporting::right:
            return "right";
        case Reporting::last_micro:
            return "last-micro";
        case Reporting::over_accum:
            return "over-accum";
        case Reporting::scaled:
            return "scaled";
    }
    broken_promise("reporting", "unknown reporting", __FILE__, __LINE__);
}

std::string meaning(Reporting reporting) {
    switch (reporting) {
        case Reporting::right:
            return "what was optimised";
        case Reporting::last_micro:
            return "the mean over the last micro-batch alone";
        case Reporting::over_accum:
            return "divided by the number of micro-batches once more";
        case Reporting::scaled:
            return "multiplied by a loss scale";
    }
    broken_promise("reporting", "unknown reporting", __FILE__, __LINE__);
}

void add_reporting(Evidence& evidence, const Trace& candidate) {
    for (WindowEvidence& window : evidence.windows) {
        std::vector<const Step*> steps;
        for (const std::vector<Step>& rank : candidate.ranks)
            if (window.step <= std::ssize(rank)) steps.push_back(&rank[static_cast<std::size_t>(window.step - 1)]);
        const auto all = [&](auto holds) {
            return std::all_of(steps.begin(), steps.end(), [&](const Step* step) { return holds(*step); });
        };
        if (!all(says_what_it_weighs)) continue;
        window.reporting.clear();
        for (const Reporting one : {Reporting::right, Reporting::last_micro, Reporting::over_accum, Reporting::scaled})
            if (all([&](const Step& step) { return near(*step.loss, reported(one, step)); }))
                window.reporting.push_back(one);
    }
}

}  // namespace isobatch
