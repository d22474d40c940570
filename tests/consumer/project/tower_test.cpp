/// The tower in a GoogleTest, and a law about it.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <run/expect_equivalent.h>
#include <run/generators.h>
#include <run/matrix.h>

TEST(Tower, TrainsAlikeUnderEverySplit) {
    isobatch::Trial trial;
    trial.subject = "tower";
    trial.split = {8, 1, 1};
    trial.samples = 21;
    ISOBATCH_EXPECT_EQUIVALENT(trial);
}

RC_GTEST_PROP(Tower, TrainsAlikeUnderAnySplit, ()) {
    const isobatch::Trial trial = *isobatch::any_trial("tower", 6);
    RC_LOG() << "isobatch check " << to_string(trial) << std::endl;
    RC_ASSERT(isobatch::Matrix(nullptr, {}).run(trial).verdict.outcome <= isobatch::Outcome::equivalent);
}
