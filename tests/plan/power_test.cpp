#include "plan/power.h"

#include <utility>

#include "tests/base/expect.h"
#include "tests/plan/small_layouts.h"

namespace isobatch {
namespace {

TEST(FaultPower, MeanOfMeansMattersWhereMicrosDiffer) {
    EXPECT_FALSE(power("token-mean-of-means", {}));
    EXPECT_FALSE(power("token-mean-of-means", {{{micro(0, 0, 9)}, true}}));
    EXPECT_FALSE(
        power("token-mean-of-means", {{{micro(0, 0, 5), micro(1, 0, 5)}}, {{micro(0, 0, 6), micro(1, 0, 6)}}}));
    EXPECT_TRUE(power("token-mean-of-means", {{{micro(0, 0, 5), micro(1, 0, 5)}}, {{micro(0, 0, 6), micro(1, 0, 5)}}}));
    EXPECT_TRUE(power("token-mean-of-means", {{{micro(0, 0, 5), micro(0, 1, 0)}}}));
}

TEST(FaultPower, MissingDivisionMattersWhereARankAccumulatesUnits) {
    EXPECT_FALSE(power("missing-accum-division", {}));
    EXPECT_FALSE(power("missing-accum-division", {{{micro(0, 0, 5), micro(1, 0, 6)}}}))
        << "two ranks with one micro each";
    EXPECT_TRUE(power("missing-accum-division", {{{micro(0, 0, 5), micro(0, 1, 5)}}}));
    EXPECT_TRUE(power("missing-accum-division", {{{micro(0, 0, 0), micro(0, 1, 5)}}}))
        << "the only units may be in the last micro";
    EXPECT_FALSE(power("missing-accum-division", {{{micro(0, 0, 0), micro(0, 1, 0), micro(1, 0, 5)}}}))
        << "no unit where it accumulates";
    EXPECT_TRUE(power("missing-accum-division", {{{micro(0, 0, 5)}}, {{micro(0, 0, 5), micro(0, 1, 5)}}}))
        << "one window is enough";
}

TEST(FaultPower, ClearingInTheWindowMattersWhereUnitsPrecedeTheLastMicro) {
    EXPECT_FALSE(power("zero-grad-in-window", {}));
    EXPECT_FALSE(power("zero-grad-in-window", {{{micro(0, 0, 5), micro(1, 0, 6)}}}));
    EXPECT_TRUE(power("zero-grad-in-window", {{{micro(0, 0, 5), micro(0, 1, 5)}}}));
    EXPECT_FALSE(power("zero-grad-in-window", {{{micro(0, 0, 0), micro(0, 1, 5)}}}))
        << "nothing is lost with an empty micro";
    EXPECT_TRUE(power("zero-grad-in-window", {{{micro(0, 0, 0), micro(0, 1, 0), micro(1, 0, 2), micro(1, 1, 0)}}}));
    EXPECT_TRUE(power("zero-grad-in-window", {{{micro(0, 0, 0), micro(0, 1, 1), micro(0, 2, 0)}}}));
}

TEST(FaultPower, AnAverageMattersWhereOneIsKeptAndARankHasSeveralMicros) {
    WindowLayout window{{{0, 0, 1, 1}, {0, 1, 1, 1}}};
    EXPECT_FALSE(power("ema-per-micro", {window}));
    window.averaged = true;
    EXPECT_TRUE(power("ema-per-micro", {window}));
    window.micros.pop_back();
    EXPECT_FALSE(power("ema-per-micro", {window}));
}

TEST(FaultPower, ARankLocalCountMattersWhereRanksDiffer) {
    EXPECT_FALSE(power("rank-local-denominator", {}));
    EXPECT_FALSE(power("rank-local-denominator", {{{micro(0, 0, 5), micro(0, 1, 6)}}})) << "one rank";
    EXPECT_FALSE(power("rank-local-denominator", {two_ranks({5, 6}, {4, 7})})) << "as many on each";
    EXPECT_TRUE(power("rank-local-denominator", {two_ranks({5}, {5}), two_ranks({5, 6}, {4, 8})}));
    EXPECT_TRUE(power("rank-local-denominator", {two_ranks({5}, {})})) << "a rank without a micro has none";
    EXPECT_FALSE(power("rank-local-denominator", {two_ranks({0}, {0})}));
    EXPECT_FALSE(power("uneven-ranks-equal-weight", {two_ranks({5, 6}, {4, 8})})) << "only in a tail";
    EXPECT_FALSE(power("uneven-ranks-equal-weight", {two_ranks({5}, {5}, true)}));
    EXPECT_TRUE(power("uneven-ranks-equal-weight", {two_ranks({5}, {5}), two_ranks({5}, {4}, true)}));
}

TEST(FaultPower, AnAverageCountMattersWhereTheMicrosOfOneIndexDifferFromAnother) {
    EXPECT_FALSE(power("average-count-per-micro", {}));
    EXPECT_FALSE(power("average-count-per-micro", {two_ranks({5}, {9})})) << "one micro each";
    EXPECT_FALSE(power("average-count-per-micro", {two_ranks({5, 6}, {6, 5})}));
    EXPECT_TRUE(power("average-count-per-micro", {two_ranks({5, 6}, {5, 6})}));
    EXPECT_TRUE(power("average-count-per-micro", {two_ranks({5, 5}, {5})}));
}

TEST(FaultPower, AnExchangeMattersWhereSeveralRanksHaveUnits) {
    for (const char* id :
         {"no-world-compensation", "sum-over-devices", "never-synced", "scaled-before-wait", "replicated-partial"}) {
        EXPECT_FALSE(power(id, {})) << id;
        EXPECT_FALSE(power(id, {{{micro(0, 0, 5), micro(0, 1, 6)}}})) << id;
        EXPECT_FALSE(power(id, {two_ranks({0}, {0})})) << id;
        EXPECT_TRUE(power(id, {two_ranks({0}, {0}), two_ranks({0}, {5})})) << id;
    }
}

TEST(FaultPower, ItsTimeMattersWhereOneOfSeveralRanksAccumulates) {
    for (const char* id : {"no-sync-off-by-one", "reduced-once"}) {
        EXPECT_FALSE(power(id, {{{micro(0, 0, 5), micro(0, 1, 6)}}})) << id << ", one rank";
        EXPECT_FALSE(power(id, {two_ranks({5}, {6})})) << id;
        EXPECT_TRUE(power(id, {two_ranks({5}, {6}), two_ranks({5, 6}, {7})})) << id;
    }
}

TEST(FaultPower, AWrongGroupMattersWhereASampleIsOnSeveralRanks) {
    const WindowLayout alone{{micro(0, 0, 5)}}, twice{{micro(0, 0, 5)}, false, {.copies = 2}};
    EXPECT_FALSE(power("wrong-group-divisor", {alone}));
    EXPECT_FALSE(power("wrong-group-divisor", {two_ranks({5}, {6})}));
    EXPECT_TRUE(power("wrong-group-divisor", {alone, twice}));
    EXPECT_FALSE(power("wrong-group-divisor", {{{micro(0, 0, 0)}, false, {.copies = 2}}}));
}

TEST(FaultPower, TheOrderOfLevelsMattersWhereGroupsAccumulate) {
    EXPECT_FALSE(power("two-level-order", {{{micro(0, 0, 5), micro(0, 1, 6)}}})) << "one rank";
    EXPECT_FALSE(power("two-level-order", {two_ranks({5}, {6})}));
    EXPECT_FALSE(power("two-level-order", {two_ranks({0, 6}, {0, 7})}));
    EXPECT_TRUE(power("two-level-order", {two_ranks({5}, {6}), two_ranks({0, 6}, {5})}));
    WindowLayout one_group = two_ranks({5, 6}, {7, 8});
    one_group.mesh.inner = 2;
    EXPECT_FALSE(power("two-level-order", {one_group}));
}

TEST(FaultPower, ClippingMattersWhereTheNormIsTooLarge) {
    EXPECT_FALSE(power("clip-disabled", {{{micro(0, 0, 5)}}, {{micro(0, 0, 5)}, false, {}, 0.9}}));
    EXPECT_TRUE(power("clip-disabled", {{{micro(0, 0, 5)}}, {{micro(0, 0, 5)}, false, {}, 1.1}}));
    for (const char* id : {"norm-misses-shards", "clip-local-norm"}) {  // the norm that they say is wrong anyhow
        EXPECT_FALSE(power(id, {{{micro(0, 0, 5)}}})) << id;
        EXPECT_TRUE(power(id, {{{micro(0, 0, 5)}}, {{micro(0, 0, 5)}, false, {}, 0.9}})) << id;
    }
    EXPECT_FALSE(power("norm-counts-replicas", {{{micro(0, 0, 5)}, false, {}, 1.1}})) << "one rank";
    EXPECT_TRUE(power("norm-counts-replicas", {{{micro(0, 0, 5)}, false, {.places = 2}, 0.8}}));
    EXPECT_FALSE(power("norm-counts-replicas", {{{micro(0, 0, 5)}, false, {.places = 2}}}));
    EXPECT_FALSE(power("clip-per-micro", {{{micro(0, 0, 5)}, false, {}, 2}}));
    EXPECT_TRUE(power("clip-per-micro", {{{micro(0, 0, 5), micro(0, 1, 5)}, false, {}, 2}}));
    EXPECT_FALSE(power("clip-before-reduce", {{{micro(0, 0, 5), micro(0, 1, 5)}, false, {}, 2}}));
    EXPECT_TRUE(power("clip-before-reduce", {{{micro(0, 0, 5)}, false, {.places = 2}, 2}}));
}

TEST(FaultPower, DroppingTheTailMattersWhereOneIsRagged) {
    const WindowLayout full{{micro(0, 0, 5), micro(0, 1, 6)}}, ragged{{micro(0, 0, 5)}, true};
    EXPECT_FALSE(power("epoch-tail-dropped", {}));
    EXPECT_FALSE(power("epoch-tail-dropped", {full, full}));
    EXPECT_TRUE(power("epoch-tail-dropped", {full, ragged, full}));
}

TEST(FaultPower, ACountMattersWhereItIsNotThatOfTheUnits) {
    const auto counted = [](double units, double padded) {  // of four samples
        return Windows{{{{0, 0, 4, units, padded}}}};
    };
    for (const auto& [id, equal] :
         {std::pair{"sample-vs-token-contract", 4.0}, {"sum-never-divided", 1.0}, {"padded-tokens-counted", 7.0}}) {
        EXPECT_FALSE(power(id, counted(equal, 7))) << id;
        EXPECT_FALSE(power(id, counted(0, 7))) << id;
        EXPECT_TRUE(power(id, counted(6, 7))) << id;
    }
    EXPECT_FALSE(power("n-minus-one", counted(1, 1))) << "0 is no divisor";
    EXPECT_TRUE(power("n-minus-one", counted(2, 2)));
    EXPECT_FALSE(power("empty-micro-counted", counted(1, 1)));
    EXPECT_TRUE(power("empty-micro-counted", counted(0, 1)));
}

TEST(FaultPower, AShareOfSamplesMattersWhereItIsNotThatOfUnits) {
    const char* id = "sample-share-on-token-mean";
    EXPECT_FALSE(power(id, {two_ranks({5}, {5})}));
    EXPECT_FALSE(power(id, {{{{0, 0, 4, 8}, {0, 1, 1, 2}}}}));
    EXPECT_TRUE(power(id, {{{{0, 0, 4, 8}, {0, 1, 1, 3}}}}));
}

TEST(FaultPower, AnAccumulatorThatLosesMattersWhereUnitsAreInSeveralMicros) {
    EXPECT_FALSE(power("first-backward-survives", {two_ranks({5}, {5})}));
    EXPECT_FALSE(power("first-backward-survives", {two_ranks({5, 0}, {5})}));
    EXPECT_TRUE(power("first-backward-survives", {two_ranks({5, 1}, {5})}));
    EXPECT_FALSE(power("last-backward-survives", {two_ranks({0, 5}, {5})}));
    EXPECT_TRUE(power("last-backward-survives", {two_ranks({1, 5}, {5})}));
    for (const char* id : {"double-division", "divide-after-backward"}) {
        EXPECT_FALSE(power(id, {two_ranks({5}, {5})})) << id;
        EXPECT_TRUE(power(id, {two_ranks({0, 5}, {5})})) << id;
    }
}

TEST(FaultPower, ANominalCountMattersWhereAPlaceHasFewerMicros) {
    WindowLayout full = two_ranks({5, 5}, {5, 5}), tail = two_ranks({5, 5}, {5}, true);
    full.accum = tail.accum = 2;
    EXPECT_FALSE(power("short-window-nominal-accum", {full}));
    EXPECT_TRUE(power("short-window-nominal-accum", {full, tail}));
}

TEST(FaultPower, AFactorOfTheWorldMattersWhereARankHasAPart) {
    EXPECT_FALSE(power("unconditional-world-factor", {two_ranks({5}, {0})}));
    EXPECT_TRUE(power("unconditional-world-factor", {two_ranks({5}, {1})}));
}

TEST(FaultPower, SamplesMatterWhereThereAreSeveralMicrosOrPlaces) {
    for (const char* id : {"same-batch-repeated", "truncated-after-retry", "accumulation-off", "schedule-per-micro"}) {
        EXPECT_FALSE(power(id, {two_ranks({0}, {0})})) << id;
        EXPECT_TRUE(power(id, {two_ranks({0, 0}, {0})})) << id;
    }
    EXPECT_FALSE(power("schedule-per-rank", {{{micro(0, 0, 5), micro(0, 1, 6)}}}));
    EXPECT_TRUE(power("schedule-per-rank", {two_ranks({0}, {0})}));
    EXPECT_FALSE(power("per-rank-sampler-seed", {two_ranks({5}, {})}));
    EXPECT_TRUE(power("per-rank-sampler-seed", {two_ranks({5}, {0})}));
    WindowLayout uneven = two_ranks({5}, {5});
    uneven.micros[0].samples = 3;
    for (const char* id : {"sampler-padding-duplicates", "ragged-rank-streams"}) {
        EXPECT_FALSE(power(id, {two_ranks({5}, {5})})) << id;
        EXPECT_TRUE(power(id, {uneven})) << id;
    }
}

TEST(FaultPower, TheStepsOfATailMatterWhereThereIsOne) {
    for (const char* id : {"epoch-tail-extra-step", "step-lost-grads-wiped"}) {
        EXPECT_FALSE(power(id, {two_ranks({5}, {5})})) << id;
        EXPECT_TRUE(power(id, {two_ranks({5}, {5}), two_ranks({5}, {}, true)})) << id;
    }
}

}  // namespace
}  // namespace isobatch
