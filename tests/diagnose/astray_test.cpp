#include "diagnose/astray.h"

#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(ExplainsLedger, ADroppedTailMissesAllAndOnlyTheRaggedWindows) {
    const auto explains = [](Cause cause, const std::vector<std::int64_t>& missing,
                             const std::vector<std::int64_t>& strangers) {
        Evidence evidence;
        evidence.ragged = evidence.unfilled = {3, 6};
        evidence.missing = missing;
        evidence.strangers = strangers;
        return explains_ledger(cause, evidence);
    };
    EXPECT_TRUE(explains(Cause::epoch_tail_dropped, {3, 6}, {}));
    EXPECT_FALSE(explains(Cause::epoch_tail_dropped, {}, {}));
    EXPECT_FALSE(explains(Cause::epoch_tail_dropped, {3}, {}));
    EXPECT_FALSE(explains(Cause::epoch_tail_dropped, {2, 3, 6}, {}));
    EXPECT_FALSE(explains(Cause::epoch_tail_dropped, {3, 6}, {5}));
    Evidence cut{.windows = {{}},
                 .missing = {},
                 .ragged = {3},
                 .unfilled = {3},
                 .strangers = {}};  // whose micros each are a window
    cut.windows[0].layout.micros = {{0, 0, 8, 8}, {1, 0, 8, 8}};
    EXPECT_TRUE(explains_ledger(Cause::epoch_tail_dropped, cut));
    cut.windows[0].layout.micros = {{0, 0, 8, 8}, {0, 1, 8, 8}};
    EXPECT_FALSE(explains_ledger(Cause::epoch_tail_dropped, cut));
    cut.unfilled.clear();  // a tail of fewer samples that has as many micros as any other window
    EXPECT_TRUE(explains_ledger(Cause::epoch_tail_dropped, cut));
    cut = {.windows = {{}}, .missing = {6}, .ragged = {3, 6}, .unfilled = {6}};
    EXPECT_TRUE(explains_ledger(Cause::epoch_tail_dropped, cut));
    cut.missing = {3};
    EXPECT_FALSE(explains_ledger(Cause::epoch_tail_dropped, cut));
    for (const Cause cause : all_causes) {
        if (cause == Cause::epoch_tail_dropped) continue;
        EXPECT_TRUE(explains(cause, {}, {})) << to_string(cause);
        if (cause >= Cause::same_batch_repeated && cause <= Cause::resume_wrong_permutation) continue;
        EXPECT_FALSE(explains(cause, {3, 6}, {})) << to_string(cause);
        EXPECT_FALSE(explains(cause, {}, {1})) << to_string(cause);
    }
}

TEST(ExplainsLedger, AFaultOfTheSamplesIsKnownByWhatItsStepsHold) {
    const auto explains = [](Cause cause, const std::vector<std::int64_t>& missing, const std::vector<Stray>& each) {
        Evidence evidence;
        evidence.ragged = {3, 6};
        evidence.missing = missing;
        for (const Stray stray : each) evidence.strays.push_back({stray});
        evidence.strangers.assign(each.size(), 1);
        return explains_ledger(cause, evidence);
    };
    using enum Stray;
    const std::vector<std::pair<Cause, Stray>> own{
        {Cause::same_batch_repeated, repeated_micro}, {Cause::per_rank_sampler_seed, other_places},
        {Cause::epoch_not_set, first_epoch},          {Cause::sampler_padding_duplicates, padded},
        {Cause::resume_skips_updates, skipped_anew},  {Cause::ragged_rank_streams, part}};
    for (const auto& [cause, stray] : own) {
        for (const auto& [other, its] : own) EXPECT_EQ(explains(cause, {3, 6}, {its, its}), cause == other);
        EXPECT_EQ(explains(cause, {3, 6}, {stray}), cause == Cause::ragged_rank_streams) << to_string(cause);
        EXPECT_FALSE(explains(cause, {3, 6}, {stray, Stray::other})) << to_string(cause);
    }
    for (const Cause cause : {Cause::sampler_padding_duplicates, Cause::ragged_rank_streams})
        EXPECT_FALSE(explains(cause, {2}, {cause == Cause::ragged_rank_streams ? part : padded})) << "only in a tail";
    EXPECT_TRUE(explains(Cause::ragged_rank_streams, {3, 6}, {})) << "nothing is left of a tail smaller than the ranks";
    EXPECT_FALSE(explains(Cause::ragged_rank_streams, {3}, {part, part}));
    EXPECT_TRUE(explains(Cause::truncated_after_retry, {1, 3}, {part, part}));
    EXPECT_FALSE(explains(Cause::truncated_after_retry, {1, 3}, {part}));
    EXPECT_FALSE(explains(Cause::truncated_after_retry, {1, 3}, {part, Stray::other}));
    EXPECT_TRUE(explains(Cause::accumulation_off, {1, 3}, {part, part, part, part}));
    EXPECT_FALSE(explains(Cause::accumulation_off, {1, 3}, {part, part, part}));
}

TEST(ExplainsLedger, AStepThatMayBeSeveralIsExplainedByEachThatFitsTheOthers) {
    Evidence evidence;
    evidence.missing = evidence.strangers = {1, 6};
    evidence.strays = {{Stray::other_places}, {Stray::first_epoch, Stray::other_places}};
    EXPECT_TRUE(explains_ledger(Cause::per_rank_sampler_seed, evidence));
    EXPECT_FALSE(explains_ledger(Cause::epoch_not_set, evidence));
    evidence.strays[0] = {Stray::first_again, Stray::other_places};
    EXPECT_TRUE(explains_ledger(Cause::per_rank_sampler_seed, evidence));
    EXPECT_TRUE(explains_ledger(Cause::epoch_not_set, evidence));
}

TEST(ExplainsLedger, TheFirstEpochsOrderAfterARestartMayBeOfEitherUntilAWindowWasRight) {
    Evidence evidence;
    evidence.missing = {5, 6};
    evidence.strangers = {5, 6};
    evidence.strays = {{Stray::first_again}, {Stray::first_again}};
    EXPECT_TRUE(explains_ledger(Cause::epoch_not_set, evidence));
    EXPECT_TRUE(explains_ledger(Cause::resume_wrong_permutation, evidence));
    evidence.strays[0] = {Stray::first_epoch};
    EXPECT_TRUE(explains_ledger(Cause::epoch_not_set, evidence));
    EXPECT_FALSE(explains_ledger(Cause::resume_wrong_permutation, evidence));
    evidence.strays[0] = {Stray::first_again};
    WindowEvidence right;
    right.layout.moment.epoch = 2;
    evidence.windows = {right};
    EXPECT_TRUE(explains_ledger(Cause::epoch_not_set, evidence)) << "one place has its own order in every epoch";
    evidence.windows[0].layout.mesh.places = 2;
    EXPECT_FALSE(explains_ledger(Cause::epoch_not_set, evidence));
    EXPECT_TRUE(explains_ledger(Cause::resume_wrong_permutation, evidence));
}

TEST(ExplainsLedger, ARestartThatSkipsTooLittleLeavesMoreWindowsThanThereAre) {
    Evidence evidence;
    evidence.missing = {2};
    evidence.strangers = {2, 3};
    evidence.strays = {{Stray::skipped_anew}, {Stray::skipped_anew}};
    EXPECT_TRUE(explains_ledger(Cause::resume_skips_updates, evidence));
    evidence.missing = {2, 3, 4};
    EXPECT_FALSE(explains_ledger(Cause::resume_skips_updates, evidence));
    evidence.missing = {2};
    evidence.strays[1] = {Stray::other};
    EXPECT_FALSE(explains_ledger(Cause::resume_skips_updates, evidence));
}

}  // namespace
}  // namespace isobatch
