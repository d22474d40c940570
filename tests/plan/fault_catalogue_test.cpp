#include <algorithm>
#include <set>

#include "plan/fault.h"
#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(FaultCatalogue, EveryKnownCauseHasOneFaultOfItsName) {
    std::set<Cause> causes;
    for (const FaultEntry& entry : fault_catalogue()) {
        EXPECT_EQ(&find_fault(entry.id), &entry);
        if (!entry.cause || *entry.cause == Cause::unknown) continue;  // right values, or not named yet
        EXPECT_TRUE(causes.insert(*entry.cause).second) << entry.id;
        EXPECT_EQ(entry.id, to_string(*entry.cause));
    }
    for (const Cause cause : all_causes)
        EXPECT_EQ(causes.contains(cause), cause != Cause::unknown && !concerns_the_model(cause)) << to_string(cause);
}

TEST(FaultCatalogue, EveryCheckIsRedOrGreenAndNeverBoth) {
    for (const FaultEntry& entry : fault_catalogue()) {
        std::vector<Check> both = entry.red;
        const std::vector<Check> green = green_checks(entry);
        both.insert(both.end(), green.begin(), green.end());
        both.insert(both.end(), entry.may.begin(), entry.may.end());
        for (const Check check : all_checks)  // that only where they are asked for
            if (asked_for(check) && std::find(both.begin(), both.end(), check) == both.end()) both.push_back(check);
        std::sort(both.begin(), both.end());
        EXPECT_EQ(both, std::vector<Check>(all_checks.begin(), all_checks.end())) << entry.id;
        EXPECT_EQ(entry.red.empty(), !entry.cause) << entry.id;
    }
}

TEST(FaultCatalogue, EachSaysWhatItDoesAndWhereItWasSeen) {
    std::set<std::string> meanings;
    for (const FaultEntry& fault : fault_catalogue()) {
        EXPECT_TRUE(meanings.insert(meaning(fault)).second) << fault.id;
        EXPECT_NE(meaning(fault), meaning(Cause::unknown)) << fault.id;
        EXPECT_NE(precedent(fault), "") << fault.id;
    }
}

}  // namespace
}  // namespace isobatch
