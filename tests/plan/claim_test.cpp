#include "plan/claim.h"

#include <set>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

WindowLayout window(const std::vector<double>& units, bool ragged = false) {
    WindowLayout layout{{}, ragged};
    for (std::size_t i = 0; i < units.size(); ++i) layout.micros.push_back({0, static_cast<int>(i), 4, units[i]});
    return layout;
}

const WindowLayout even = window({5, 5}), uneven = window({5, 6}), tail = window({5}, true);

TEST(Claim, NamesAreThoseOfThePublicFormats) {
    std::vector<std::string> names;
    for (const Claim claim : all_claims) names.push_back(to_string(claim));
    EXPECT_EQ(names, (std::vector<std::string>{"scale", "weighting", "tail", "schedule", "state", "bits", "identities",
                                               "trajectory"}));
    EXPECT_EQ(static_cast<std::size_t>(Claim::trajectory) + 1, all_claims.size());
}

TEST(Claim, EveryTextIsThereAndItsOwn) {
    for (const auto text : {meaning, how_to_test}) {
        std::set<std::string> seen;
        for (const Claim claim : all_claims)
            EXPECT_TRUE(!text(claim).empty() && seen.insert(text(claim)).second) << to_string(claim);
    }
    EXPECT_TRUE(says(how_to_test(Claim::weighting), "--lengths ragged"));
    EXPECT_TRUE(says(how_to_test(Claim::tail), "--samples"));
}

TEST(Claim, ClaimedIsWhatTheContractPromises) {
    const Contract all{Weighting::token_mean, true, true, true}, none{Weighting::sample_mean, false, false};
    for (const Claim claim : all_claims) EXPECT_TRUE(claimed(claim, all, {true, true})) << to_string(claim);
    EXPECT_TRUE(claimed(Claim::scale, none, {}));
    EXPECT_TRUE(claimed(Claim::state, none, {}));
    for (const Claim claim :
         {Claim::weighting, Claim::tail, Claim::schedule, Claim::bits, Claim::identities, Claim::trajectory})
        EXPECT_FALSE(claimed(claim, none, {})) << to_string(claim);

    // Each of them hangs on its own field.
    EXPECT_TRUE(claimed(Claim::weighting, {Weighting::token_mean, false, false}, {}));
    EXPECT_TRUE(claimed(Claim::tail, {Weighting::sample_mean, true, false}, {}));
    EXPECT_TRUE(claimed(Claim::schedule, {Weighting::sample_mean, false, true}, {}));
    EXPECT_TRUE(claimed(Claim::bits, {Weighting::sample_mean, false, false, true}, {}));
    for (const Claim claim : {Claim::identities, Claim::trajectory}) {
        EXPECT_EQ(claimed(claim, none, {.identities = true}), claim == Claim::identities);
        EXPECT_EQ(claimed(claim, none, {.trajectory = true}), claim == Claim::trajectory);
    }
}

TEST(Claim, ScaleNeedsASecondMicroOrDevice) {
    EXPECT_FALSE(has_power(Claim::scale, {16, 1, 1}, {even, even}));
    EXPECT_TRUE(has_power(Claim::scale, {8, 2, 1}, {}));
    EXPECT_TRUE(has_power(Claim::scale, {8, 1, 2}, {}));
}

TEST(Claim, BitsNeedAnExactWindowThatIsCut) {
    WindowLayout exact = even;
    exact.exact = true;
    EXPECT_FALSE(has_power(Claim::bits, {8, 2, 1}, {even, even}));
    WindowLayout whole = window({10});
    whole.exact = true;
    EXPECT_FALSE(has_power(Claim::bits, {8, 2, 1}, {even, whole}));
    EXPECT_TRUE(has_power(Claim::bits, {8, 2, 1}, {even, exact}));
    EXPECT_TRUE(has_power(Claim::bits, {8, 1, 2}, {exact}));
}

TEST(Claim, IdentitiesNeedATwin) {
    WindowLayout tried = even;
    tried.has_twin = true;
    EXPECT_FALSE(has_power(Claim::identities, {8, 2, 1}, {even, even}));
    EXPECT_TRUE(has_power(Claim::identities, {16, 1, 1}, {even, tried}));
}

TEST(Claim, ATrajectoryNeedsAStepOfItsOwnInASplitThatCuts) {
    WindowLayout later = even;
    later.follows_own_steps = true;
    EXPECT_FALSE(has_power(Claim::trajectory, {8, 2, 1}, {even, even}));
    EXPECT_FALSE(has_power(Claim::trajectory, {16, 1, 1}, {even, later}));
    EXPECT_TRUE(has_power(Claim::trajectory, {8, 2, 1}, {even, later}));
    EXPECT_TRUE(has_power(Claim::trajectory, {8, 1, 2}, {later}));
}

TEST(Claim, WeightingNeedsMicrosWithUnequalUnits) {
    EXPECT_FALSE(has_power(Claim::weighting, {8, 2, 1}, {even, tail, even}));
    EXPECT_TRUE(has_power(Claim::weighting, {8, 2, 1}, {even, uneven}));
    EXPECT_TRUE(has_power(Claim::weighting, {8, 1, 2}, {uneven, even}));
    EXPECT_FALSE(has_power(Claim::weighting, {8, 2, 1}, {}));
    EXPECT_FALSE(has_power(Claim::weighting, {8, 2, 1}, {window({5, 5}), window({6, 6})}))
        << "windows may differ, micros of one must";
}

TEST(Claim, TailNeedsARaggedWindow) {
    EXPECT_FALSE(has_power(Claim::tail, {8, 2, 1}, {even, uneven}));
    EXPECT_TRUE(has_power(Claim::tail, {16, 1, 1}, {even, tail}));
}

TEST(Claim, ScheduleNeedsTwoWindowsAndASplitThatCouldMiscount) {
    EXPECT_FALSE(has_power(Claim::schedule, {8, 2, 1}, {even}));
    EXPECT_FALSE(has_power(Claim::schedule, {16, 1, 1}, {even, even}));
    EXPECT_TRUE(has_power(Claim::schedule, {8, 2, 1}, {even, even}));
    EXPECT_TRUE(has_power(Claim::schedule, {8, 1, 2}, {even, even}));
}

TEST(Claim, StateNeedsTwoWindows) {
    EXPECT_FALSE(has_power(Claim::state, {8, 2, 1}, {}));
    EXPECT_FALSE(has_power(Claim::state, {8, 2, 1}, {even}));
    EXPECT_TRUE(has_power(Claim::state, {16, 1, 1}, {even, even}));
}

}  // namespace
}  // namespace isobatch
