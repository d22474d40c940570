#include "plan/fault.h"

#include <algorithm>
#include <set>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

constexpr Split any_split{4, 2, 2};

bool power(std::string_view id, const std::vector<WindowLayout>& windows) {
    return find_fault(id).power(any_split, windows);
}

/// One micro: rank, micro, units.
MicroCount micro(int rank, int index, double units) {
    return {rank, index, 4, units};
}

TEST(FaultCatalogue, EveryKnownCauseHasOneFaultOfItsName) {
    std::set<Cause> causes;
    for (const FaultEntry& entry : fault_catalogue()) {
        EXPECT_TRUE(causes.insert(entry.cause).second) << entry.id;
        EXPECT_EQ(entry.id, to_string(entry.cause));
        EXPECT_EQ(&find_fault(entry.id), &entry);
    }
    EXPECT_EQ(causes.size(), all_causes.size() - 1);
    EXPECT_FALSE(causes.contains(Cause::unknown));
}

TEST(FaultCatalogue, EveryCheckIsRedOrGreenAndNeverBoth) {
    for (const FaultEntry& entry : fault_catalogue()) {
        std::vector<Check> both = entry.red;
        both.insert(both.end(), entry.green.begin(), entry.green.end());
        std::sort(both.begin(), both.end());
        EXPECT_EQ(both, std::vector<Check>(all_checks.begin(), all_checks.end())) << entry.id;
        EXPECT_FALSE(entry.red.empty()) << entry.id;
    }
}

TEST(FaultCatalogue, UnknownIdNamesTheNearest) {
    const Error error = error_of([] { find_fault("token-mean-of-mean\x1b"); });
    EXPECT_EQ(error.where(), "--fault");
    EXPECT_TRUE(says(error.problem(), "token-mean-of-mean\\x1b"));
    EXPECT_TRUE(says(error.next(), "did you mean token-mean-of-means?"));
    for (const FaultEntry& entry : fault_catalogue()) EXPECT_TRUE(says(error.next(), entry.id));
    EXPECT_THROW(find_fault(""), Error);
}

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

TEST(FaultPower, NotClearingMattersWhereAnEarlierWindowHasUnits) {
    const WindowLayout scored{{micro(0, 0, 5)}}, blank{{micro(0, 0, 0)}};
    EXPECT_FALSE(power("not-zeroed-after-step", {}));
    EXPECT_FALSE(power("not-zeroed-after-step", {scored}));
    EXPECT_TRUE(power("not-zeroed-after-step", {scored, blank}));
    EXPECT_FALSE(power("not-zeroed-after-step", {blank, scored}));
    EXPECT_TRUE(power("not-zeroed-after-step", {blank, scored, blank}));
}

TEST(FaultPower, DroppingTheTailMattersWhereOneIsRagged) {
    const WindowLayout full{{micro(0, 0, 5), micro(0, 1, 6)}}, ragged{{micro(0, 0, 5)}, true};
    EXPECT_FALSE(power("epoch-tail-dropped", {}));
    EXPECT_FALSE(power("epoch-tail-dropped", {full, full}));
    EXPECT_TRUE(power("epoch-tail-dropped", {full, ragged, full}));
}

}  // namespace
}  // namespace isobatch
