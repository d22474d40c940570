#pragma once

#include <limits>
#include <string>
#include <vector>

#include "diagnose/result.h"

namespace isobatch {

inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
inline constexpr double infinite = std::numeric_limits<double>::infinity();

/// A trial of the effective batch 4 with this outcome: its checks, its places and its times, and no evidence yet.
inline Record small_record(const std::string& subject, Split split, Outcome outcome) {
    Record record;
    record.trial = {.subject = subject, .split = split, .samples = 11};
    record.repro = "isobatch check " + to_string(record.trial);
    record.contract = Contract{};
    record.verdict.outcome = outcome;
    record.verdict.margin = outcome == Outcome::divergent ? 3500.25 : 0.125;
    record.verdict.sensitivity = 1.5e-11;
    record.verdict.tested = {Claim::scale, Claim::weighting};
    for (const Check check : all_checks) record.verdict.checks.push_back({.check = check});
    CheckResult& grad = record.verdict.checks[3];
    grad.margin = record.verdict.margin;
    grad.observed = 2.5e-9;
    grad.tolerance = {3e-14, 0x1p-53, 0.5, fail_factor};
    grad.worst = Place{2, 1, "blocks.0.key.bias", 7};
    if (outcome > Outcome::equivalent) {
        grad.outcome = outcome;
        grad.first = Place{1, 0, "blocks.0.key.bias", 7};
        grad.message = "the gradient of " + to_string(split) + " is " + to_string(outcome);
    }
    grad.parameters = {{"blocks.0.key.bias", record.verdict.margin}, {"head.weight", 0}};
    // The third step cannot be compared, and of the fourth the loss was not recorded.
    record.verdict.checks[4].losses = {{1, 2.5, 2.5, 1e-12},
                                       {2, 2.75, 2.5, 1e-12},
                                       {3, 2.25, std::nullopt, 0},
                                       {4, std::nullopt, 2.0, 1e-12},
                                       {5, 2.125, std::nullopt, 0}};
    record.traffic = {24, 4096, split.devices > 1 ? 2.0 : 0.0};
    record.cost = {12.5, 320};
    return record;
}

/// Four samples in two micros of 1 and 3 units; sample-3 has no gradient.
inline WindowEvidence small_window() {
    WindowEvidence window;
    window.step = 1;
    window.window = 1;
    window.samples = {"sample-0", "sample-1", "sample-2", "sample-3"};
    window.sample_units = {1, 2, 1, 0};
    window.micro_of = {0, 1, 1, 1};
    window.layout.micros = {{0, 0, 1, 1}, {0, 1, 3, 3}};
    window.condition = 2.5;
    window.weight_tolerance = 1e-9;
    return window;
}

/// Every outcome. Of the matrix `gpt` token-mean-of-means is found, from the weights N / (K n_m); of `mlp`, whose one
/// divergent trial could not be decoded, nothing is named.
inline std::vector<Record> small_records() {
    std::vector<Record> records{
        small_record("gpt", {4, 1, 1}, Outcome::identical), small_record("gpt", {2, 2, 1}, Outcome::divergent),
        small_record("gpt", {2, 1, 2}, Outcome::inconclusive), small_record("gpt", {1, 4, 1}, Outcome::equivalent),
        small_record("mlp", {2, 2, 1}, Outcome::divergent)};
    records[1].trial.fault = records[0].trial.fault = records[2].trial.fault = records[3].trial.fault =
        "token-mean-of-means";
    records[1].evidence.windows = {small_window()};
    records[1].evidence.windows[0].recovered = {{{0}, {2, 2.0 / 3, 2.0 / 3, not_a_number}, {}, 1e-15}};
    records[1].evidence.ragged = {3};
    records[1].evidence.narrow = 0.25;
    records[1].trace = "traces/gpt-2x2x1.trace";
    records[2].verdict.sensitivity = infinite;
    // Equal micros, but fewer on the second rank: here a mean of means is right, and no other count is.
    records[3].evidence.windows = {small_window()};
    records[3].evidence.windows[0].layout = {{{0, 0, 2, 2}, {0, 1, 1, 2}, {1, 0, 1, 2}}, false, 2};
    records[4].contract->weighting = Weighting::sample_mean;
    records[4].evidence.windows = {small_window()};
    records[4].evidence.windows[0].refused = "3 parameters cannot tell 4 samples apart";
    records[4].evidence.strangers = {2, 3, 4, 5, 6, 7, 8, 9};
    records[4].evidence.strays = {{Stray::first_epoch}, {Stray::first_again},    {Stray::skipped_anew}, {Stray::part},
                                  {Stray::padded},      {Stray::repeated_micro}, {Stray::other_places}, {Stray::other}};
    Trial crashed = records[0].trial;
    crashed.split = {1, 2, 2};
    records.push_back(
        crashed_record(crashed, "isobatch check " + to_string(crashed), "the worker ended with signal 11"));
    return records;
}

/// Claims that were tested, untested and allowed; two findings, the first with weights.
inline Result small_result() {
    return assemble("isobatch check gpt mlp --effective 4", small_records(), {"schedule"},
                    {"data: 11 samples, 2 epochs", "reference: 4x1x1"});
}

/// As not-zeroed-after-step leaves it, and beside it what no trainer would: weights that are infinite or huge.
inline Finding odd_finding() {
    Finding finding;
    finding.causes = {Cause::not_zeroed_after_step, Cause::zero_grad_in_window};
    finding.summary = "the summary";
    finding.trial = "gpt --splits 2x2x1";
    finding.first = {3, 1, "head.weight", 5};
    finding.weights = {{"sample-0", 0, 0, 2.5, infinite, 1},
                       {"sample-1", 0, 1, 1, -12345.678, 0},
                       {"sample-2", 1, 0, not_a_number, -1e-12, not_a_number}};
    finding.stale = {0.25, 1};
    finding.terms = {{"the <penalty>", 14.5, 15}};
    finding.worst_error = 0.75;
    finding.rivals = {{Cause::unknown, "the rival"}};
    finding.separated_by = "the separation";
    finding.remedy = "the remedy";
    finding.precedent = "the precedent";
    finding.repro = "isobatch check the-repro";
    return finding;
}

}  // namespace isobatch
