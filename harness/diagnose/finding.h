#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "judge/verdict.h"
#include "plan/cause.h"
#include "plan/occasion.h"

namespace isobatch {

/// A cause that the evidence excludes, and what excludes it.
struct Rival {
    Cause cause;
    std::string ruled_out_by;
    int explained = 0;  ///< trials that it does explain
};

/// One sample's weight, as it was found and as the named cause predicts it.
struct WeightLine {
    std::string sample;
    int rank = 0, micro = 0;
    double units = 0;
    double recovered = 1, predicted = 1;  ///< NaN where there is none
    /// The same of each of its units, where they were read one by one; else empty.
    std::vector<double> units_recovered = {}, units_predicted = {};
};

/// A term that the loss has once a window, and how often it counts beyond its share in the samples; 0 is right.
struct TermLine {
    std::string term;
    double recovered = 0, predicted = 0;  ///< NaN where there is none
};

/// One thing found wrong, read over all splits together.
struct Finding {
    std::vector<Cause> causes;  ///< the smallest set that the evidence cannot separate
    Occasion occasion;          ///< when, and with which micros: the simplest that the evidence allows
    std::string summary;        ///< what is wrong, in a sentence
    std::string trial;          ///< where it is seen first: text form of the trial
    Place first;
    std::vector<WeightLine> weights;  ///< of that window and rank; empty when none were recovered
    std::vector<double> stale;  ///< share of each earlier window's gradient that is still in that one, as in Recovered
    std::vector<TermLine> terms;  ///< there, where the loss has any
    double worst_error =
        0;  ///< largest |recovered - predicted| over every decoded window of the matrix; NaN for `unknown`
    std::vector<Rival> rivals;  ///< those that explain most come first
    std::string separated_by;   ///< what would separate the set further; empty for one cause
    std::string remedy;
    std::string precedent;
    std::string repro;  ///< the command that repeats the trial
};

/// `token-mean-of-means or n-minus-one`
std::string names_of(const std::vector<Cause>& causes);

Json to_json(const Finding& finding);

}  // namespace isobatch
