#pragma once

#include <functional>
#include <set>
#include <span>
#include <string>

#include "judge/judge.h"
#include "tests/base/expect.h"
#include "tests/judge/recipes.h"
#include "tests/judge/synthetic.h"

namespace isobatch {

/// A candidate of at least two ranks and what it is judged by.
struct Patient {
    Trace& trace;
    const Yardstick& yardstick;
    const std::vector<Step>& reference;

    template <class Act>
    void each_rank(Act act) {
        for (std::vector<Step>& steps : trace.ranks) act(steps);
    }
    /// Acts on the k-th step of every rank.
    template <class Act>
    void each_step(std::size_t k, Act act) {
        for (std::vector<Step>& steps : trace.ranks) act(steps.at(k));
    }
    Step& step(std::size_t k, std::size_t rank = 0) { return trace.ranks.at(rank).at(k); }
    std::vector<std::string>& samples(std::size_t k, std::size_t rank = 0, std::size_t micro = 0) {
        return step(k, rank).micros.at(micro).samples;
    }
};

/// One thing that is wrong with a candidate, what must notice it, and where the first of those checks sees it first.
struct Damage {
    const char* name;
    std::set<Check> red;
    std::int64_t step = 0;
    int rank = 0;
    std::function<void(Patient)> make;
};

/// Every corruption turns exactly its checks red, at its place, and leaves the others green.
class Corruption : public testing::TestWithParam<Recipe> {
protected:
    void expect_exactly(std::span<const Damage> damages) const {
        for (const Damage& damage : damages)
            for (const Split& split : {Split{4, 2, 2}, Split{1, 8, 2}, Split{2, 2, 4}}) expect_exactly(damage, split);
    }

private:
    void expect_exactly(const Damage& damage, const Split& split) const {
        const testing::ScopedTrace trace(__FILE__, __LINE__, damage.name + (" in " + to_string(split)));
        Trace candidate = matrix_.candidate(split);
        damage.make({candidate, yardstick_, matrix_.reference().ranks[0]});
        const Verdict verdict = judge(yardstick_, candidate);
        for (const CheckResult& result : verdict.checks) {
            const bool red = damage.red.contains(result.check);
            EXPECT_EQ(result.outcome >= Outcome::inconclusive, red)
                << to_string(result.check) << ": " << result.message;
            EXPECT_EQ(result.outcome == Outcome::divergent, red) << to_string(result.check);
            EXPECT_EQ(result.message.empty(), !red) << result.message;
            EXPECT_EQ(result.first.has_value(), red);
        }
        if (damage.red.empty()) return;
        EXPECT_EQ(verdict.outcome, Outcome::divergent);
        const Place first = result_of(verdict, *damage.red.begin()).first.value_or(Place{-1});
        EXPECT_EQ(first.step, damage.step);
        EXPECT_EQ(first.rank, damage.rank);
    }

    const Synthetic matrix_{{.recipe = GetParam(), .seed = 2}};
    const Yardstick yardstick_ = yardstick_of(matrix_.reference());
};

}  // namespace isobatch
