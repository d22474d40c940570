#include "diagnose/against_weights.h"

#include <cmath>

#include "tests/base/expect.h"
#include "tests/diagnose/divergent_record.h"

namespace isobatch {
namespace {

/// Right weights, and a loss with two terms that count so often beyond their shares.
Record with_terms(double penalty, double auxiliary) {
    Record terms = record();
    terms.evidence.windows[0].terms = {{"penalty", 1e-6}, {"auxiliary", 1e-6}};
    recovered(terms).weights = {1, 1, 1};
    recovered(terms).terms = {penalty, auxiliary};
    return terms;
}

std::string against(const Prediction& prediction, Record record) {
    return against_weights(prediction, record, record.evidence.windows[0], recovered(record));
}

TEST(AgainstWeights, SaysWhere) {
    EXPECT_EQ(place_of(record(), record().evidence.windows[0]), "step 2 of 2x2x1");
}

TEST(AgainstWeights, OfTheTermsOneIsAsOftenAsPredictedAndNoOther) {
    const Prediction often{.weights = {1, 1, 1}, .terms = 2};
    EXPECT_EQ(against(often, with_terms(2, 0)), "");
    EXPECT_EQ(against(often, with_terms(0, 2)), "");
    EXPECT_EQ(against(often, with_terms(std::nan(""), 2)), "") << "a term without a gradient says nothing";
    EXPECT_EQ(against(often, with_terms(0, 0)),
              "in step 2 of 2x2x1 it predicts that penalty counts 2 times too often, recovered 0");
    EXPECT_EQ(against(often, with_terms(2, 2)),
              "in step 2 of 2x2x1 it predicts that auxiliary counts 0 times too often, recovered 2");
    EXPECT_EQ(against(often, with_terms(0, -1)),
              "in step 2 of 2x2x1 it predicts that penalty counts 2 times too often, recovered 0");
}

TEST(AgainstWeights, OfTermsThatCannotBeReadNoneIsAsOftenAsPredicted) {
    const Record unread = with_terms(std::nan(""), std::nan(""));
    EXPECT_EQ(against({.weights = {1, 1, 1}}, unread), "");
    EXPECT_EQ(against({.weights = {1, 1, 1}, .terms = 2}, unread),
              "in step 2 of 2x2x1 it predicts a term of the loss 2 times too often, and none can be read");
}

TEST(AgainstWeights, WithoutAPredictionEveryTermIsRight) {
    const Prediction right{.weights = {1, 1, 1}};
    EXPECT_EQ(against(right, with_terms(0, 0)), "");
    EXPECT_EQ(against(right, with_terms(0.9e-6, -0.9e-6)), "");
    EXPECT_EQ(against(right, with_terms(0, 1.1e-6)),
              "in step 2 of 2x2x1 it predicts that auxiliary counts 0 times too often, recovered 1.1e-06");
}

TEST(AgainstWeights, ATermIsRightToItsToleranceTimesItsSize) {
    const Prediction often{.weights = {1, 1, 1}, .terms = 4};
    EXPECT_EQ(against(often, with_terms(4 + 3.9e-6, 0)), "");
    EXPECT_NE(against(often, with_terms(4 + 4.1e-6, 0)), "");
    Record noisy = with_terms(4, 0);  // whose rounding is in every other weight
    recovered(noisy).weights = {1 + 3e-6, 1, 1};
    EXPECT_EQ(against(often, noisy), "");
    recovered(noisy).weights = {1 + 5e-6, 1, 1};
    EXPECT_NE(against(often, noisy), "");
}

TEST(AgainstWeights, UnitsAreComparedWhereUnitsWereRead) {
    Record read = record();  // samples of 1, 2 and 1 units
    recovered(read).weights = {1, 0.5, 1};
    recovered(read).units = {{1}, {1, 0}, {1}};
    const Prediction first{.weights = {1, 0.5, 1}, .first_units = {1, 1, 1}};
    EXPECT_EQ(against(first, read), "");
    EXPECT_EQ(
        against({.weights = {1, 0.5, 1}}, read),
        "in step 2 of 2x2x1 it predicts weight 0.5000 for unit 1 of sample b (rank 0, micro 0), recovered 1.0000");
    recovered(read).units = {{1}, {0, 1}, {1}};
    EXPECT_EQ(
        against(first, read),
        "in step 2 of 2x2x1 it predicts weight 1.0000 for unit 1 of sample b (rank 0, micro 0), recovered 0.0000");
    recovered(read).units = {{std::nan("")}, {1, 0}, {1}};
    recovered(read).weights = {std::nan(""), 0.5, 1};
    EXPECT_EQ(against(first, read), "") << "a unit without a gradient says nothing";
}

TEST(AgainstWeights, WhereWeightsOfSamplesExplainAGradientAllUnitsOfEachCount) {
    Record read = record();
    recovered(read).weights = {1, 0.5, 1};
    const Prediction first{.weights = {1, 0.5, 1}, .first_units = {1, 1, 1}};
    EXPECT_EQ(against(first, read),
              "in step 2 of 2x2x1 it predicts that 1 of the 2 units of sample b count, and all of them do");
    EXPECT_EQ(against({.weights = {1, 0.5, 1}, .first_units = {1, 0, 1}}, read), "") << "none does, or all";
    read.trial.recipe = Recipe::bf16;
    EXPECT_EQ(against(first, read), "") << "few bits do not tell";
}

TEST(AgainstWeights, EachTermHasATolerance) {
    const Prediction right{.weights = {1, 1, 1}};
    Record short_one = with_terms(0.9e-3, 0);
    short_one.evidence.windows[0].terms[0].tolerance = 1e-3;
    EXPECT_EQ(against(right, short_one), "");
    recovered(short_one).terms = {1.1e-3, 0};
    EXPECT_NE(against(right, short_one), "");
    recovered(short_one).terms = {0, 0.9e-3};
    EXPECT_NE(against(right, short_one), "");
    const Prediction often{.weights = {1, 1, 1}, .terms = 2};
    short_one.evidence.windows[0].terms[0].tolerance = 1.5;
    recovered(short_one).terms = {0.6, 0};
    EXPECT_EQ(against(often, short_one), "") << "it may be twice";
    recovered(short_one).terms = {0.6, 2};
    EXPECT_EQ(against(often, short_one), "") << "or the other one is";
    recovered(short_one).terms = {-1.4, 0};
    EXPECT_NE(against(often, short_one), "") << "none is";
}

TEST(AgainstGreen, ATermThatWouldCountTooOftenContradictsAGradientThatIsRight) {
    const Record green = with_terms(0, 0);
    const WindowEvidence& window = green.evidence.windows[0];
    EXPECT_EQ(against_green({.weights = {1, 1, 1}}, green, window), "");
    EXPECT_EQ(against_green({.weights = {1, 1, 1}, .terms = 3}, green, window),
              "in step 2 of 2x2x1 it predicts a term of the loss 3 times too often, where the gradient is right");
}

}  // namespace
}  // namespace isobatch
