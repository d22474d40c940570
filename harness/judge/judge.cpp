#include "judge/judge.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "judge/check_outside.h"

namespace isobatch {

namespace {

Verdict crashed(const Ended& ended) {
    Verdict verdict;
    verdict.outcome = Outcome::crashed;
    CheckResult result{.check = Check::data, .outcome = Outcome::crashed};
    result.first = Place{ended.step, ended.rank, "", -1};
    result.message = ended.message;
    verdict.checks.push_back(result);
    return verdict;
}

/// Nothing can be said of a trace that is of another matrix, or whose ranks are not those of its manifest.
void require_comparable(const Yardstick& yardstick, const Trace& candidate) {
    const Manifest& manifest = candidate.manifest;
    if (manifest.follows && *manifest.follows != yardstick.digest)
        throw Error(fmt::format("the trace follows {}, the reference is {}", *manifest.follows, yardstick.digest),
                    manifest.trial, "judge it against the reference of its own matrix");
    if (manifest.recipe != yardstick.recipe)
        throw Error(
            fmt::format("recipe {}, the reference has {}", to_string(manifest.recipe), to_string(yardstick.recipe)),
            manifest.trial, "compare runs of one recipe");
    if ((manifest.level == Level::sketch) != (yardstick.level == Level::sketch))
        throw Error(
            fmt::format("level {}, the reference has {}", to_string(manifest.level), to_string(yardstick.level)),
            manifest.trial, "compare sketches with sketches: sketch_of makes one of whole gradients");
    // An outside trainer claims nothing: there the yardstick's contract is a guess.
    if (yardstick.contract && manifest.contract && *manifest.contract != *yardstick.contract)
        throw Error(fmt::format("contract {}, the reference has {}", to_json(manifest.contract).dump(),
                                to_json(yardstick.contract).dump()),
                    manifest.trial, "compare runs that claim the same");
    if (manifest.parameters != yardstick.parameters)
        throw Error("the trace has other parameters than the reference", manifest.trial, "compare runs of one model");
    if (manifest.copies < 1 || manifest.inner < 1 || manifest.ranks % manifest.copies != 0)
        throw Error(fmt::format("{} ranks are no whole number of places of {} copies", manifest.ranks, manifest.copies),
                    manifest.trial, "write the trace again");
    if (manifest.ranks != std::ssize(candidate.ranks) || candidate.ranks.empty())
        throw Error(fmt::format("{} ranks, the manifest has {}", candidate.ranks.size(), manifest.ranks),
                    manifest.trial, "write the trace again");
}

/// The reference's own trial, run again, is the determinism probe: where its bits differ, no difference means anything.
void require_same_bits(CheckResult& grad) {
    if (grad.outcome != Outcome::equivalent) return;
    grad.outcome = Outcome::inconclusive;
    grad.first = grad.worst;
    grad.message = "not deterministic: the same trial gave other bits when it was run again";
}

bool watched(const Trace& trace) {
    return std::any_of(trace.ranks.begin(), trace.ranks.end(), [](const std::vector<Step>& steps) {
        return std::any_of(steps.begin(), steps.end(), [](const Step& step) { return step.watched.has_value(); });
    });
}

}  // namespace

Verdict judge(const Yardstick& yardstick, const Trace& candidate) {
    const Manifest& manifest = candidate.manifest;
    if (!manifest.ended.complete) return crashed(manifest.ended);
    require_comparable(yardstick, candidate);

    const Alignment alignment = align(yardstick, candidate);
    Verdict verdict;
    Verdict tried;
    const std::set<std::size_t> twins = add_identities(yardstick, candidate, alignment, tried);
    CheckResult grad = check_grad(yardstick, candidate, alignment, holds_strictly(tried));
    if (yardstick.ours) {
        verdict.checks.push_back(check_data(yardstick, candidate, alignment));
        verdict.checks.push_back(check_events(candidate));
        verdict.checks.push_back(check_step(yardstick, candidate, alignment));
    } else {
        verdict.checks.push_back(check_outside_data(yardstick, candidate, alignment));
        verdict.checks.push_back(check_outside_events(candidate, keeps_own_sums(candidate, grad)));
        verdict.checks.push_back(check_outside_step(yardstick, candidate, alignment));
        require_one_gradient(candidate, grad);
        if (watched(candidate)) verdict.checks.push_back(check_outside_state(yardstick, candidate, alignment, grad));
    }
    if (without_identities(manifest.trial) == yardstick.trial) require_same_bits(grad);
    verdict.checks.push_back(std::move(grad));
    verdict.checks.push_back(check_loss(yardstick, candidate, alignment));
    verdict.identities = std::move(tried.identities);
    verdict.checks.insert(verdict.checks.end(), tried.checks.begin(), tried.checks.end());
    if (yardstick.ours) {
        verdict.checks.push_back(check_norm(yardstick, candidate, alignment));
        // Only a trial that follows the reference starts its updates from its state.
        for (const Check check : {Check::param, Check::opt})
            if (manifest.follows) verdict.checks.push_back(check_update(check, yardstick, candidate, alignment));
        if (manifest.follows && !yardstick.buffers.empty())
            verdict.checks.push_back(check_buffers(yardstick, candidate, alignment));
    }
    const std::set<std::size_t> free = add_trajectory(yardstick, candidate, alignment, verdict);
    for (const CheckResult& result : verdict.checks) {
        verdict.outcome = worst(verdict.outcome, result.outcome);
        verdict.margin = std::max(verdict.margin, result.margin);
    }
    verdict.sensitivity = sensitivity_of(yardstick, candidate, alignment);
    std::vector<WindowLayout> windows = layouts_of(candidate), compared;
    for (std::size_t k = 0; k < alignment.window.size(); ++k) {
        windows[k].has_twin = twins.contains(k);
        windows[k].follows_own_steps = free.contains(k);
        if (!alignment.window[k]) continue;
        const WindowScale& scale = yardstick.windows[*alignment.window[k]];
        windows[k].exact = same_bits(scale, manifest.mesh());
        if (!scale.tensors.empty()) compared.push_back(windows[k]);
    }
    for (const std::size_t w :
         alignment.missing)  // a window that the trial left out could have shown a breach, and did
        windows.push_back(
            {{}, static_cast<std::int64_t>(yardstick.windows[w].samples.size()) < manifest.split.effective()});
    const Asked asked{!verdict.identities.empty(), verdict.checks.back().check == Check::trajectory};
    for (const Claim claim : all_claims)
        if (yardstick.contract && claimed(claim, *yardstick.contract, asked) &&
            has_power(claim, manifest.split, claim == Claim::weighting ? compared : windows))
            verdict.tested.push_back(claim);
    return verdict;
}

}  // namespace isobatch
