#include "diagnose/predict.h"

#include <set>
#include <utility>

#include "tests/base/expect.h"
#include "tests/diagnose/predicted_window.h"

namespace isobatch {
namespace {

TEST(Predict, MeanOfMeansIsUnitsPerMicrosTimesOwnUnits) {
    // N = 8 units, K = 3 micros. A micro without a unit has no weight to be wrong, but is one of the K.
    const double first = 8.0 / (3 * 6), last = 8.0 / (3 * 2);
    EXPECT_EQ(predicted(Cause::token_mean_of_means, window()), (Weights{first, first, last, last, last, 1, 1}));
    EXPECT_EQ(predict(Cause::token_mean_of_means, window(), 0)->stale, 0);
}

TEST(Predict, ANominalCountIsUnitsPerPromisedMicrosTimesOwnUnits) {
    WindowEvidence promised = window();
    promised.layout.accum = 3;  // of four ranks: 12 micros, where 3 are held
    const double first = 8.0 / (12 * 6), last = 8.0 / (12 * 2);
    EXPECT_EQ(predicted(Cause::nominal_count_dynamic_batching, promised),
              (Weights{first, first, last, last, last, 1, 1}));
}

TEST(Predict, MissingDivisionIsTheMicrosOfTheOwnRank) {
    EXPECT_EQ(predicted(Cause::missing_accum_division, window()), (Weights{2, 2, 1, 1, 1, 2, 2}));
    EXPECT_EQ(predict(Cause::missing_accum_division, window(), 0)->stale, 0);
}

TEST(Predict, AClearInTheWindowLeavesTheLastMicroOfEachRank) {
    EXPECT_EQ(predicted(Cause::zero_grad_in_window, window()), (Weights{0, 0, 1, 1, 1, 1, 1}));
    EXPECT_EQ(predict(Cause::zero_grad_in_window, window(), 0)->stale, 0);
}

TEST(Predict, AMissingClearAddsTheEarlierGradients) {
    EXPECT_EQ(predicted(Cause::not_zeroed_after_step, window()), Weights(7, 1));
    EXPECT_EQ(predict(Cause::not_zeroed_after_step, window(), 0)->stale, 1);
}

TEST(Predict, NothingIsLeftFromBeforeARestart) {
    WindowEvidence fifth = window();
    fifth.window = 5;
    const Prediction left = predict(Cause::not_zeroed_after_step, fifth, 0).value();
    EXPECT_EQ(stale_of(left, fifth, 1), 1);
    EXPECT_EQ(stale_of(left, fifth, 4), 1);
    EXPECT_EQ(stale_of(left, fifth, 5), 0) << "there was no window before the first";
    fifth.layout.moment.restart = 3;
    EXPECT_EQ(stale_of(left, fifth, 1), 1);
    EXPECT_EQ(stale_of(left, fifth, 2), 0);
}

TEST(Predict, ADroppedTailLeavesTheOtherWindowsRight) {
    EXPECT_EQ(predicted(Cause::epoch_tail_dropped, window()), Weights(7, 1));
    EXPECT_EQ(predict(Cause::epoch_tail_dropped, window(), 0)->stale, 0);
}

TEST(Predict, ARankLocalCountIsUnitsPerRanksTimesOwnUnits) {
    // Four ranks are averaged, two of them with nothing.
    const Weights expected{8.0 / (4 * 6), 8.0 / (4 * 6), 1, 1, 1, 8.0 / (4 * 6), 8.0 / (4 * 6)};
    EXPECT_EQ(predicted(Cause::rank_local_denominator, window()), expected);
    EXPECT_EQ(predicted(Cause::uneven_ranks_equal_weight, window()), expected);
    WindowEvidence full = window();
    full.layout.ragged = false;
    EXPECT_EQ(predicted(Cause::rank_local_denominator, full), expected);
    EXPECT_EQ(predicted(Cause::uneven_ranks_equal_weight, full), Weights(7, 1));
}

TEST(Predict, AnAverageCountIsUnitsPerMicrosTimesTheUnitsOfThatIndex) {
    WindowEvidence counted = window();
    counted.layout.micros[1].units = 4;  // 6 + 2 units in the first micros, 4 in the second
    EXPECT_EQ(predicted(Cause::average_count_per_micro, counted), (Weights{0.75, 0.75, 0.75, 0.75, 0.75, 1.5, 1.5}));
    EXPECT_EQ(predicted(Cause::average_count_per_micro, window()), (Weights{0.5, 0.5, 0.5, 0.5, 0.5, 1, 1}));
}

TEST(Predict, AFactorOfTheRanksIsTheSameForAllSamples) {
    EXPECT_EQ(predicted(Cause::no_world_compensation, window()), Weights(7, 0.25));
    EXPECT_EQ(predicted(Cause::sum_over_devices, window()), Weights(7, 4));
}

TEST(Predict, TheWrongGroupDividesByTheCopies) {
    EXPECT_EQ(predicted(Cause::wrong_group_divisor, window()), Weights(7, 1));
    WindowEvidence copied = window();
    copied.layout.mesh.copies = 4;
    EXPECT_EQ(predicted(Cause::wrong_group_divisor, copied), Weights(7, 0.25));
}

TEST(Predict, ACopyKeepsWhatItsPlaceHolds) {
    WindowEvidence copied = window();
    copied.layout.mesh.copies = 2;
    copied.layout.micros[2].rank = 2;  // the first copy of the second place
    EXPECT_EQ(predicted(Cause::never_synced, copied, 1), (Weights{4, 4, 0, 0, 0, 4, 4}));
    EXPECT_EQ(predicted(Cause::never_synced, copied, 3), (Weights{0, 0, 4, 4, 4, 0, 0}));
    EXPECT_EQ(predicted(Cause::two_level_order, copied, 3), (Weights{0, 0, 4, 4, 4, 1, 1}));
}

TEST(Predict, WhatWasAccumulatedStaysInItsGroup) {
    EXPECT_EQ(predicted(Cause::two_level_order, window(), 0), (Weights{4, 4, 0, 0, 0, 1, 1}));
    EXPECT_EQ(predicted(Cause::two_level_order, window(), 1), (Weights{0, 0, 4, 4, 4, 1, 1}));
    WindowEvidence grouped = window();
    grouped.layout.mesh.inner = 2;  // ranks 0 and 1, 2 and 3
    EXPECT_EQ(predicted(Cause::two_level_order, grouped, 1), (Weights{2, 2, 2, 2, 2, 1, 1}));
    EXPECT_EQ(predicted(Cause::two_level_order, grouped, 2), (Weights{0, 0, 0, 0, 0, 1, 1}));
    grouped.layout.mesh.inner = 4;
    EXPECT_EQ(predicted(Cause::two_level_order, grouped, 1), Weights(7, 1));
}

TEST(Predict, WhatStaysOnItsRankIsNotAveraged) {
    const Weights mine{4, 4, 0, 0, 0, 4, 4}, theirs{0, 0, 4, 4, 4, 0, 0};
    for (const Cause cause : {Cause::never_synced, Cause::replicated_partial}) {
        EXPECT_EQ(predicted(cause, window(), 0), mine);
        EXPECT_EQ(predicted(cause, window(), 1), theirs);
        EXPECT_EQ(predicted(cause, window(), 2), Weights(7, 0));
        EXPECT_EQ(predict(cause, window(), 0)->in_part, cause == Cause::replicated_partial);
    }
    EXPECT_EQ(predicted(Cause::scaled_before_wait, window(), 1), (Weights{0, 0, 1, 1, 1, 0, 0}));
}

TEST(Predict, OnlyWhatComesAfterTheExchangeStaysOnItsRank) {
    for (const Cause cause : {Cause::no_sync_off_by_one, Cause::reduced_once}) {
        EXPECT_EQ(predicted(cause, window(), 0), (Weights{1, 1, 1, 1, 1, 4, 4}));
        EXPECT_EQ(predicted(cause, window(), 1), (Weights{1, 1, 1, 1, 1, 0, 0}));
    }
    WindowEvidence three = window();
    three.layout.micros[2] = {0, 2, 3, 2};
    EXPECT_EQ(predicted(Cause::no_sync_off_by_one, three, 0), (Weights{1, 1, 4, 4, 4, 1, 1}));
    EXPECT_EQ(predicted(Cause::reduced_once, three, 0), (Weights{1, 1, 4, 4, 4, 4, 4}));
}

TEST(Predict, UnknownPredictsNothingAndNoWeightsSayWhatAModelLeaves) {
    for (const Timing timing : all_timings)
        for (const Cause cause : {Cause::unknown, Cause::batch_coupled})
            EXPECT_FALSE(predict(cause, window(), 0, timing)) << to_string(cause);
}

TEST(Predict, ATermOfTheLossCountsOnceForEveryMicro) {
    WindowEvidence with = window();
    EXPECT_EQ(predict(Cause::regulariser_per_micro, with, 0)->terms, 0) << "there is none";
    with.terms = {{"penalty"}};
    EXPECT_EQ(predict(Cause::regulariser_per_micro, with, 0)->terms, double(with.layout.micros.size()) - 1);
    EXPECT_EQ(predict(Cause::regulariser_per_micro, with, 0)->weights, Weights(with.samples.size(), 1));
    EXPECT_EQ(predict(Cause::token_mean_of_means, with, 0)->terms, 0);
}

TEST(Predict, WhatIsCutToTheShortestKeepsSoManyFirstUnits) {
    WindowEvidence rows = window();
    const Prediction cut = predict(Cause::cut_to_shortest, rows, 0).value();
    EXPECT_EQ(cut.weights, (Weights{0.5, 1, 0, 1, 0, 1, 1})) << "a sample without a unit leaves none";
    EXPECT_EQ(cut.first_units, (Weights{2, 2, 0, 0, 0, 0, 0}));
    rows.layout.moment = {2, 1, false, 0, false};
    EXPECT_TRUE(predict(Cause::cut_to_shortest, rows, 0, Occasion{Timing::first_window})->first_units.empty());
}

TEST(Predict, OfWhatNothingTellsApartTheMeanIsRead) {
    using Units = std::vector<Weights>;
    const Prediction first{.weights = {0.5, 1, 3}, .first_units = {1, 2, 0}}, whole{.weights = {0.5, 1, 3}};
    EXPECT_EQ(weights_as_read(whole, {}), (Weights{0.5, 1, 3}));
    EXPECT_EQ(weights_as_read(whole, {.alike = {{{0}, {2}}}}), (Weights{1.75, 1, 1.75}));
    EXPECT_TRUE(units_as_read(first, {}).empty());
    Recovered read{.units = {{0, 0}, {0, 0}, {0}}};
    EXPECT_EQ(units_as_read(first, read), (Units{{1, 0}, {1, 1}, {0}}));
    EXPECT_EQ(units_as_read(whole, read), (Units{{0.5, 0.5}, {1, 1}, {3}})) << "all of a sample weigh the same";
    read.alike = {{{0, 1}, {1, 0}}, {{0, 0}, {2, 0}}};
    EXPECT_EQ(units_as_read(first, read), (Units{{0.5, 0.5}, {0.5, 1}, {0.5}}));
    EXPECT_EQ(weights_as_read(whole, read), (Weights{0.5, 1, 3})) << "these are of units";
}

TEST(Predict, OfSeveralTermsTheOneIsMeantThatLeavesAllNearest) {
    const auto terms = [](double predicted, std::vector<double> recovered, double first_tolerance = 0.1) {
        WindowEvidence with = window();
        with.terms.assign(recovered.size(), {"term", 0.1});
        if (!with.terms.empty()) with.terms[0].tolerance = first_tolerance;
        return terms_of({.terms = predicted}, with, {.terms = std::move(recovered)});
    };
    EXPECT_EQ(terms(3, {0.1, 2.9, std::nan("")}), (Weights{0, 3, 0}));
    EXPECT_EQ(terms(3, {std::nan(""), 2.8, 0.1}), (Weights{0, 3, 0}));
    EXPECT_EQ(terms(3, {2.9, 1.6}), (Weights{3, 0}));
    EXPECT_EQ(terms(3, {2.9, 1.6}, 10), (Weights{0, 3})) << "the first one can hardly be read";
    EXPECT_EQ(terms(3, {std::nan("")}), Weights{0}) << "none was read";
    EXPECT_EQ(terms(0, {0.1, 2.9}), (Weights{0, 0}));
    EXPECT_TRUE(terms(3, {}).empty());
}

TEST(Predict, OneMicroIsRightWhateverTheFault) {
    WindowEvidence one = window();
    one.layout = {{{0, 0, 7, 8}}, false, 1};
    one.micro_of.assign(7, 0);
    const std::set<Cause> of_counts{Cause::sample_vs_token_contract,
                                    Cause::n_minus_one,
                                    Cause::sum_never_divided,
                                    Cause::unscale_without_scale,
                                    Cause::unpredicted_position_counted,
                                    Cause::cut_to_shortest,
                                    Cause::batch_coupled,
                                    Cause::unknown};
    for (const Cause cause : all_causes)
        if (!of_counts.contains(cause)) {
            EXPECT_EQ(predicted(cause, one), Weights(7, 1)) << to_string(cause);
        }
}

TEST(Predict, ACountThatIsNotTheUnitsIsTheSameForAllSamples) {
    WindowEvidence padded = window();  // 8 units, 7 samples, 4 places
    padded.layout.micros[0].padded_units = 12;
    padded.layout.micros[2].padded_units = 4;
    EXPECT_EQ(predicted(Cause::sample_vs_token_contract, padded), Weights(7, 8.0 / 7));
    EXPECT_EQ(predicted(Cause::n_minus_one, padded), Weights(7, 8.0 / 7));
    EXPECT_EQ(predicted(Cause::sum_never_divided, padded), Weights(7, 2));
    EXPECT_EQ(predicted(Cause::padded_tokens_counted, padded), Weights(7, 0.5));
    EXPECT_EQ(predicted(Cause::padded_tokens_counted, window()), Weights(7, 1)) << "nobody counted";
    padded.padding = 1.5;
    EXPECT_EQ(predicted(Cause::padded_tokens_counted, padded), Weights(7, 0.75)) << "the reference counts 12 of its 8";
}

TEST(Predict, AShareOfSamplesIsThatOfItsMicro) {
    // N / B · b_m / n_m: two samples with 6 units, three with 2.
    const double first = 8.0 / 7 * 2 / 6, last = 8.0 / 7 * 3 / 2;
    const Weights found = predicted(Cause::sample_share_on_token_mean, window());
    for (std::size_t i = 0; i < 7; ++i) EXPECT_NEAR(found[i], i < 2 ? first : i < 5 ? last : 1, 1e-15);
}

TEST(Predict, AFactorOfTheMicrosIsThatOfTheOwnRank) {
    EXPECT_EQ(predicted(Cause::double_division, window()), (Weights{0.5, 0.5, 1, 1, 1, 0.5, 0.5}));
    EXPECT_EQ(predicted(Cause::divide_after_backward, window()), (Weights{2, 2, 1, 1, 1, 2, 2}));
    WindowEvidence nominal = window();
    nominal.layout.accum = 2;
    EXPECT_EQ(predicted(Cause::short_window_nominal_accum, nominal), (Weights{1, 1, 0.5, 0.5, 0.5, 1, 1}));
}

TEST(Predict, AnAccumulatorThatIsOverwrittenKeepsOneMicro) {
    EXPECT_EQ(predicted(Cause::last_backward_survives, window()), (Weights{0, 0, 1, 1, 1, 1, 1}));
    EXPECT_EQ(predicted(Cause::first_backward_survives, window()), (Weights{1, 1, 1, 1, 1, 0, 0}));
}

TEST(Predict, ANewShapeLosesWhatCameBeforeIt) {
    // Rank 0 has two micros of two samples.
    EXPECT_EQ(predicted(Cause::cleared_at_new_shape, window()), Weights(7, 1));
    WindowEvidence longer = window();
    longer.layout.micros[1].padded_units = 9;
    EXPECT_EQ(predicted(Cause::cleared_at_new_shape, longer), (Weights{0, 0, 1, 1, 1, 1, 1}));
    WindowEvidence shorter = window();
    shorter.layout.micros[1].samples = 1;
    EXPECT_EQ(predicted(Cause::cleared_at_new_shape, shorter), (Weights{0, 0, 1, 1, 1, 1, 1}));
}

TEST(Predict, AReachLeavesTheOtherMicrosRight) {
    const auto reached = [](Reach where) {
        return predict(Cause::divide_after_backward, window(), 0, Occasion(Timing::always, where))->weights;
    };
    EXPECT_EQ(reached(Reach::everywhere), (Weights{2, 2, 1, 1, 1, 2, 2}));
    EXPECT_EQ(reached(Reach::last_micros), (Weights{1, 1, 1, 1, 1, 2, 2}));
    EXPECT_EQ(reached(Reach::later_micros), (Weights{1, 1, 1, 1, 1, 2, 2}));
    EXPECT_EQ(reached(Reach::second_device), Weights(7, 1));
    const auto sum = [](Reach where) {
        return predict(Cause::sum_never_divided, window(), 0, Occasion(Timing::always, where))->weights;
    };
    EXPECT_EQ(sum(Reach::second_device), (Weights{1, 1, 2, 2, 2, 1, 1}));
    EXPECT_EQ(sum(Reach::last_micros), (Weights{1, 1, 2, 2, 2, 2, 2}));
}

TEST(Predict, WhatReachesSomeParametersHasItsWeightsInPart) {
    const Occasion some(Timing::always, Reach::some_parameters), later(Timing::later_epochs, Reach::some_parameters);
    const auto scaled = predict(Cause::divide_after_backward, window(), 0, some);
    EXPECT_EQ(scaled->weights, (Weights{2, 2, 1, 1, 1, 2, 2}));
    EXPECT_TRUE(scaled->in_part);
    EXPECT_FALSE(predict(Cause::cleared_at_new_shape, window(), 0, some)->in_part) << "every weight is right";
    EXPECT_FALSE(predict(Cause::divide_after_backward, window(), 0, later)->in_part) << "another epoch";
}

TEST(Predict, AFactorOfTheWorldLeavesEachRanksOwnMean) {
    const Weights expected{8.0 / 6, 8.0 / 6, 4, 4, 4, 8.0 / 6, 8.0 / 6};
    EXPECT_EQ(predicted(Cause::unconditional_world_factor, window()), expected);
}

TEST(Predict, EqualMicrosAreRightUnderMeanOfMeans) {
    WindowEvidence equal = window();
    for (MicroCount& micro : equal.layout.micros) micro.units = 3;
    EXPECT_EQ(predicted(Cause::token_mean_of_means, equal), Weights(7, 1));
}

}  // namespace
}  // namespace isobatch
