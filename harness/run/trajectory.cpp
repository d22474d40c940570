#include "run/trajectory.h"

#include <limits>

#include "base/check.h"
#include "run/random_cut.h"

namespace isobatch {

namespace {

/// The samples of a window in other micros of one place.
void cut_anew(Window& window, Random random) {
    window.micros.clear();
    std::int64_t begin = 0;
    for (const std::size_t piece : random_ends(window.samples.size(), random)) {
        const auto end = static_cast<std::int64_t>(piece);
        window.micros.push_back({0, static_cast<int>(window.micros.size()), begin, end});
        begin = end;
    }
}

void reorder(Window& window, Random random) {
    shuffle(window.micros, random);
    for (std::size_t i = 0; i < window.micros.size(); ++i) window.micros[i].micro = static_cast<int>(i);
}

}  // namespace

FreeLosses losses_of(const Trace& trace) {
    FreeLosses losses;
    for (const std::vector<Step>& rank : trace.ranks) {
        losses.emplace_back();
        for (const Step& step : rank)
            losses.back().push_back(step.loss.value_or(std::numeric_limits<double>::quiet_NaN()));
    }
    return losses;
}

void add_trusted_runs(Trace& reference, const Setup& setup, const std::function<Trace(const Setup&)>& run_freely) {
    std::vector<Step>& steps = reference.ranks.at(0);
    for (std::uint64_t run = 0; run < static_cast<std::uint64_t>(setup.trial.trajectory); ++run) {
        Setup trusted = setup;
        // As an average over so many ranks scales: where a model rounds to few bits, micros that nothing scales have
        // the same gradients in any order. Larger ones say no more, and would take fp16 out of its range.
        const auto scale = static_cast<double>(2 * (run % 4) + 1);
        const Seed seed = Seed{setup.trial.seed}.split("trajectory").split(run);
        trusted.decisions.picks = [seed, scale](const Setup& own, Window& window) {
            const Random random(seed.split(static_cast<std::uint64_t>(window.batch.epoch))
                                    .split(static_cast<std::uint64_t>(window.batch.index)));
            if (own.subject->contract.couples_samples)
                reorder(window, random);
            else
                cut_anew(window, random);
            window.scale = scale;
        };
        const FreeLosses losses = losses_of(run_freely(trusted));
        ISOBATCH_CHECK(losses.size() == 1 && losses[0].size() == steps.size(), "a trusted run has the same windows");
        for (std::size_t k = 0; k < steps.size(); ++k) steps[k].free_losses.push_back(losses[0][k] / scale);
    }
}

}  // namespace isobatch
