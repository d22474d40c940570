#include "plan/cause.h"

#include <algorithm>

#include <set>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(Cause, EveryOneIsListedOnce) {
    const std::set<Cause> distinct(all_causes.begin(), all_causes.end());
    EXPECT_EQ(distinct.size(), all_causes.size());
    EXPECT_EQ(static_cast<std::size_t>(Cause::unknown) + 1, all_causes.size()) << "unknown is the last enumerator";
}

const std::vector<std::string> public_names{"token-mean-of-means",
                                            "missing-accum-division",
                                            "zero-grad-in-window",
                                            "not-zeroed-after-step",
                                            "epoch-tail-dropped",
                                            "rank-local-denominator",
                                            "uneven-ranks-equal-weight",
                                            "average-count-per-micro",
                                            "no-world-compensation",
                                            "sum-over-devices",
                                            "never-synced",
                                            "no-sync-off-by-one",
                                            "reduced-once",
                                            "scaled-before-wait",
                                            "replicated-partial",
                                            "wrong-group-divisor",
                                            "two-level-order",
                                            "double-division",
                                            "divide-after-backward",
                                            "sample-share-on-token-mean",
                                            "sample-vs-token-contract",
                                            "short-window-nominal-accum",
                                            "padded-tokens-counted",
                                            "n-minus-one",
                                            "unconditional-world-factor",
                                            "sum-never-divided",
                                            "last-backward-survives",
                                            "first-backward-survives",
                                            "cleared-at-new-shape",
                                            "unpredicted-position-counted",
                                            "cut-to-shortest",
                                            "unscale-without-scale",
                                            "re-reduced-sum",
                                            "nominal-count-dynamic-batching",
                                            "same-batch-repeated",
                                            "per-rank-sampler-seed",
                                            "epoch-not-set",
                                            "sampler-padding-duplicates",
                                            "ragged-rank-streams",
                                            "truncated-after-retry",
                                            "accumulation-off",
                                            "resume-skips-updates",
                                            "resume-wrong-permutation",
                                            "epoch-tail-extra-step",
                                            "step-lost-grads-wiped",
                                            "schedule-per-micro",
                                            "schedule-per-rank",
                                            "ema-per-micro",
                                            "adam-count-per-micro",
                                            "step-not-incremented",
                                            "adam-state-lost",
                                            "decay-lost-when-accumulating",
                                            "inf-not-skipped",
                                            "statistics-moved-twice",
                                            "statistics-of-evaluation",
                                            "schedule-horizon",
                                            "log-last-micro-loss",
                                            "log-loss-over-accum",
                                            "log-scaled-loss",
                                            "bf16-accumulator",
                                            "bf16-reduction",
                                            "master-weights-lost",
                                            "clip-disabled",
                                            "norm-misses-shards",
                                            "clip-local-norm",
                                            "norm-counts-replicas",
                                            "clip-per-micro",
                                            "clip-before-reduce",
                                            "clip-scaled-gradients",
                                            "log-local-norm",
                                            "empty-micro-counted",
                                            "regulariser-per-micro",
                                            "batch-coupled",
                                            "unknown"};

TEST(Cause, NamesAreThoseOfThePublicFormats) {
    std::vector<std::string> names;
    for (const Cause cause : all_causes) names.push_back(to_string(cause));
    EXPECT_EQ(names, public_names);
}

TEST(Cause, TextReadsBack) {
    for (const Cause cause : all_causes) EXPECT_EQ(parse_cause(to_string(cause)), cause);
}

TEST(Cause, UnknownTextIsAnErrorThatIsSafeToPrint) {
    for (const char* text : {"", "Unknown", "unknown ", "token_mean_of_means"})
        EXPECT_THROW(parse_cause(text), Error) << text;
    EXPECT_TRUE(says(error_of([] { parse_cause("\x1b[2J"); }).problem(), "\\x1b[2J"));
}

TEST(Cause, EveryTextIsThereAndItsOwn) {
    for (const auto text : {meaning, formula, remedy, precedent}) {
        std::set<std::string> seen;
        for (const Cause cause : all_causes) {
            EXPECT_FALSE(text(cause).empty()) << to_string(cause);
            EXPECT_TRUE(text(cause) == "none" || seen.insert(text(cause)).second) << to_string(cause);
        }
    }
}

TEST(Cause, WhatOneDeviceCanShowConcernsNoDevices) {
    EXPECT_EQ(std::count_if(all_causes.begin(), all_causes.end(), concerns_devices), 20);
    EXPECT_FALSE(concerns_devices(Cause::token_mean_of_means));
    EXPECT_TRUE(concerns_devices(Cause::average_count_per_micro));
}

TEST(Cause, TwoConcernTheBitsOfASum) {
    for (const Cause cause : all_causes)
        EXPECT_EQ(concerns_bits(cause), to_string(cause).starts_with("bf16-")) << to_string(cause);
}

TEST(Cause, OneConcernsTheModel) {
    EXPECT_EQ(std::count_if(all_causes.begin(), all_causes.end(), concerns_the_model), 1);
    EXPECT_TRUE(concerns_the_model(Cause::batch_coupled));
}

TEST(Cause, FormulasAreThoseOfTheTheory) {
    EXPECT_TRUE(says(formula(Cause::token_mean_of_means), "N / (K n_m)"));
    EXPECT_TRUE(says(formula(Cause::missing_accum_division), "A:"));
    EXPECT_TRUE(says(formula(Cause::zero_grad_in_window), "0 in the others"));
    EXPECT_TRUE(says(formula(Cause::not_zeroed_after_step), "every earlier window"));
    EXPECT_TRUE(says(formula(Cause::epoch_tail_dropped), "ragged window is missing"));
}

}  // namespace
}  // namespace isobatch
