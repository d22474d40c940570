#include "diagnose/reporting.h"

#include <cmath>
#include <limits>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

using Readings = std::vector<Reporting>;

/// One window of two ranks, of which the first has two micros; their losses are 6, 4 and 9, their units 3, 1 and 2.
struct Made {
    Evidence evidence;
    Trace trace;

    Made() {
        const auto micro = [](int index, double loss, double units) {
            return Micro{.index = index, .units = units, .loss = loss, .weight = 2.0 / 6};
        };
        Step first, second;
        first.micros = {micro(0, 6, 3), micro(1, 4, 1)};
        second.micros = {micro(0, 9, 2)};
        trace.ranks = {{first}, {second}};
        evidence.windows.resize(1);
        evidence.windows[0].step = 1;
    }
    Readings reading(double first, double second) {
        trace.ranks[0][0].loss = first;
        trace.ranks[1][0].loss = second;
        add_reporting(evidence, trace);
        return evidence.windows[0].reporting;
    }
};

TEST(Reporting, IsReadFromTheLossesOfTheMicros) {
    EXPECT_EQ(Made().reading(20.0 / 6, 3), Readings{Reporting::right});
    EXPECT_EQ(Made().reading(4, 4.5), Readings{Reporting::last_micro});
    EXPECT_EQ(Made().reading(10.0 / 6, 3), Readings{Reporting::over_accum});
    EXPECT_EQ(Made().reading(65536 * 20.0 / 6, 65536 * 3), Readings{Reporting::scaled});
    EXPECT_EQ(Made().reading(20.0 / 6 + 1e-7, 3), Readings{}) << "nothing that is known";
    EXPECT_EQ(Made().reading(20.0 / 6, 4.5), Readings{}) << "every rank tells the same";
}

TEST(Reporting, WhereOneMicroIsAllSeveralFit) {
    Made made;
    made.trace.ranks.erase(made.trace.ranks.begin());
    made.trace.ranks[0][0].loss = 3;
    add_reporting(made.evidence, made.trace);
    EXPECT_EQ(made.evidence.windows[0].reporting, (Readings{Reporting::right, Reporting::over_accum}));
    made.trace.ranks[0][0].micros.clear();
    made.trace.ranks[0][0].loss = 0;
    add_reporting(made.evidence, made.trace);
    EXPECT_EQ(made.evidence.windows[0].reporting.size(), 4u) << "of nothing all is 0";
}

TEST(Reporting, AMicroWithoutUnitsHasNoMean) {
    Made made;
    made.trace.ranks[0][0].micros[1].units = 0;
    EXPECT_EQ(made.reading(0, 4.5), Readings{Reporting::last_micro});
}

TEST(Reporting, WhatIsNoNumberSaysNothing) {
    Made made;
    made.trace.ranks[0][0].micros[0].weight = std::numeric_limits<double>::infinity();
    made.trace.ranks[0][0].micros[0].loss = 0;
    made.trace.ranks[1].clear();
    made.trace.ranks[0][0].loss = std::nan("");
    add_reporting(made.evidence, made.trace);
    EXPECT_EQ(made.evidence.windows[0].reporting,
              (Readings{Reporting::right, Reporting::over_accum, Reporting::scaled}));
}

TEST(Reporting, WhatDoesNotSayWhatItWeighsIsTakenForRight) {
    Made made;
    made.trace.ranks[0][0].micros[1].weight.reset();
    EXPECT_EQ(made.reading(7, 7), Readings{Reporting::right});
    Made silent;
    add_reporting(silent.evidence, silent.trace);
    EXPECT_EQ(silent.evidence.windows[0].reporting, Readings{Reporting::right});
}

TEST(Reporting, HasANameAndAMeaning) {
    for (const Reporting one : {Reporting::right, Reporting::last_micro, Reporting::over_accum, Reporting::scaled}) {
        EXPECT_FALSE(to_string(one).empty());
        EXPECT_FALSE(meaning(one).empty());
    }
}

}  // namespace
}  // namespace isobatch
