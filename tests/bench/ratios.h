#pragma once

#include <string>
#include <vector>

namespace isobatch {

/// `numerator` ÷ `denominator`, two benchmarks of this program, and what it should be: at most `goal`, or at least for
/// a speed-up. A goal of 0 is none.
struct Ratio {
    std::string meaning, numerator, denominator;
    double goal = 0;
    bool at_least = false;
};

/// Runs every benchmark of the program, interleaved at random so that a drift of the machine meets all alike, and
/// prints the ratios of the medians of this one run beside their goals, also where they are missed.
int run_and_print(int argc, char** argv, const std::vector<Ratio>& ratios);

}  // namespace isobatch
