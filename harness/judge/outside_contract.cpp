#include "judge/outside_contract.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "judge/stream.h"

namespace isobatch {

namespace {

/// What the reference shows of one claim: a yes or no to the promise, or nothing.
struct Shown {
    std::optional<bool> yes;
    std::string reason;
};

/// (largest - smallest) ÷ largest.
double spread(const std::vector<double>& values) {
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    return *most > 0 ? (*most - *least) / *most : 2;
}

/// Whether the loss is a mean over tokens: then the summed loss of every sample weighs the same; in a mean of the
/// samples' own means, its weight times its units does. Neither is said where something else was added to the loss.
Shown weighting_shown(const Pull& pull) {
    if (!pull.unknown.empty()) return {std::nullopt, pull.unknown};
    std::vector<double> per_sample;
    for (std::size_t i = 0; i < pull.weights.size(); ++i) per_sample.push_back(pull.weights[i] * pull.units[i]);
    const double tokens = spread(pull.weights), samples = spread(per_sample);
    const std::string seen = fmt::format(
        "in the reference's first window the weights of the {} samples' summed losses differ by {:.2g}, those of "
        "their means by {:.2g}, read to {:.2g}",
        pull.weights.size(), tokens, samples, pull.tolerance);
    if (spread(pull.units) <= pull.tolerance)
        return {std::nullopt, "every sample of the first window counts as many units: use rows of different lengths"};
    // The loser must be out of what may be rounding by more than the winner is inside it.
    if (tokens <= pull.tolerance && samples > 2 * pull.tolerance) return {true, seen};
    if (samples <= pull.tolerance && tokens > 2 * pull.tolerance) return {false, seen};
    return {std::nullopt, seen};
}

/// The samples before the first that comes again, or all where the script ended; none where the recording ended first.
std::set<std::string> epoch_of(const Stream& stream) {
    std::set<std::string> seen;
    for (const std::string& sample : stream.samples)
        if (!seen.insert(sample).second) return seen;
    return stream.ended ? seen : std::set<std::string>();
}

Shown tail_shown(const Yardstick& yardstick, const Trace& reference, const Trace& columns) {
    const std::int64_t effective = reference.manifest.split.effective();
    const Stream stream = stream_of(reference), single = stream_of(columns);
    const std::size_t used = stream.step_ends.empty() ? 0 : stream.step_ends.back();
    if (stream.ended && stream.samples.size() > used)
        return {false,
                fmt::format("the run ends with {} samples that no update followed", stream.samples.size() - used)};
    for (const WindowScale& window : yardstick.windows)
        if (std::ssize(window.samples) < effective)
            return {true, fmt::format("window {} of {} samples was trained on", window.step, window.samples.size())};
    std::set<std::string> lost = epoch_of(single);
    const std::size_t all = lost.size();
    for (const std::string& sample : stream.samples) lost.erase(sample);
    // A run of another order may only not have come to them yet.
    const std::vector<std::string>& first = yardstick.windows[0].samples;
    const bool alike = single.samples.size() >= first.size() &&
                       std::is_permutation(first.begin(), first.end(), single.samples.begin());
    if (alike && !epoch_of(stream).empty() && !lost.empty())
        return {false,
                fmt::format("of the {} samples that an epoch has where they come one by one, {} are in none of its "
                            "windows",
                            all, lost.size())};
    return {std::nullopt, fmt::format("every recorded window is full: use a data set that {} does not divide, and "
                                      "record its last window (--steps)",
                                      effective)};
}

bool varies(const std::vector<WindowScale>& windows) {
    return std::any_of(windows.begin(), windows.end(),
                       [&](const WindowScale& window) { return window.lr != windows[0].lr; });
}

/// A rate that changes may still count something else than updates, which only other splits can show; one that stays
/// may change later.
Clause schedule_clause(const Contract& contract, bool given, const std::vector<WindowScale>& windows) {
    Clause clause{Claim::schedule, word_for(Claim::schedule, contract), given};
    const bool seen = varies(windows);
    clause.reason = fmt::format("the learning rate {} in the {} recorded window(s)",
                                seen ? "changes" : "stays the same", windows.size());
    if (seen == contract.schedule_varies)
        clause.stance = windows.size() > 1 ? Stance::kept : Stance::unseen;
    else if (seen)
        clause.stance = Stance::broken;
    return clause;
}

/// `yes`: what the reference shows, of which `promise` was said.
Clause clause_of(Claim claim, const Contract& contract, bool given, bool promise, const Shown& shown) {
    Clause clause{claim, word_for(claim, contract), given, Stance::unseen, shown.reason};
    if (shown.yes) clause.stance = *shown.yes == promise ? Stance::kept : Stance::broken;
    return clause;
}

}  // namespace

void hold_to_contract(Yardstick& yardstick, const Trace& reference, const Trace& columns, const Pull& pull,
                      const Said& said) {
    const Shown weighting = weighting_shown(pull), tail = tail_shown(yardstick, reference, columns);
    Contract contract = reference.manifest.contract.value_or(Contract{});
    contract.weighting =
        said.weighting.value_or(weighting.yes.value_or(true) ? Weighting::token_mean : Weighting::sample_mean);
    contract.keeps_tail = said.keeps_tail.value_or(tail.yes.value_or(false));
    contract.schedule_varies = said.schedule_varies.value_or(varies(yardstick.windows));
    yardstick.contract = contract;
    yardstick.clauses = {clause_of(Claim::weighting, contract, said.weighting.has_value(),
                                   contract.weighting == Weighting::token_mean, weighting),
                         clause_of(Claim::tail, contract, said.keeps_tail.has_value(), contract.keeps_tail, tail),
                         schedule_clause(contract, said.schedule_varies.has_value(), yardstick.windows)};
    if (Clause& clause = yardstick.clauses[1]; !clause.given && !tail.yes) clause.word.clear();
}

}  // namespace isobatch
