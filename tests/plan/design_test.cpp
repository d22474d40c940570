#include "plan/design.h"

#include <algorithm>
#include <set>

#include "plan/isobatch.h"
#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(CoveringTrials, BringTogetherEveryTwoChoices) {
    const std::vector<std::string> subjects{"gpt", "mlp", "lesson"};
    const std::vector<Split> splits = splits_of({.effective = 8});
    Trial common;
    common.seed = 7;
    const std::vector<Trial> trials = covering_trials(subjects, splits, common, 2);
    std::set<std::pair<std::string, std::string>> pairs;
    for (const Trial& trial : trials) {
        EXPECT_EQ(trial.seed, 7u);
        EXPECT_EQ(trial.samples, default_samples(8, trial.lengths));
        EXPECT_EQ(parse_trial(to_string(trial)), trial);
        const std::vector<std::string> choices{trial.subject,
                                               to_string(trial.split),
                                               to_string(trial.recipe),
                                               "optimizer " + trial.optimizer,
                                               to_string(trial.lengths),
                                               "threads " + std::to_string(trial.threads)};
        for (const std::string& a : choices)
            for (const std::string& b : choices)
                if (a < b) pairs.emplace(a, b);
    }
    const std::size_t counts[] = {3, splits.size(), 5, 6, 2, 2};
    std::size_t expected = 0;
    for (std::size_t i = 0; i < 6; ++i)
        for (std::size_t j = 0; j < i; ++j) expected += counts[i] * counts[j];
    EXPECT_EQ(pairs.size(), expected);
    EXPECT_LT(static_cast<double>(trials.size()), all_trials(3, splits.size()) / 20);
    EXPECT_EQ(all_trials(3, splits.size()), 3.0 * 5 * 6 * 2 * 2 * static_cast<double>(splits.size()));
    EXPECT_TRUE(std::is_sorted(trials.begin(), trials.end(), before));
    EXPECT_EQ(trials, covering_trials({"lesson", "mlp", "gpt"}, {splits.rbegin(), splits.rend()}, common, 2));
}

TEST(EveryTrial, IsEachCaseWithEachSplit) {
    Trial common;
    common.fault = "short-window";
    const std::vector<Trial> trials = every_trial({"gpt", "mlp"}, {{4, 1, 1}, {2, 2, 1}}, common);
    ASSERT_EQ(trials.size(), 4u);
    EXPECT_EQ(trials[1].subject, "gpt");
    EXPECT_EQ(trials[1].split, (Split{2, 2, 1}));
    EXPECT_EQ(trials[2].subject, "mlp");
    for (const Trial& trial : trials) EXPECT_EQ(trial.fault, "short-window");
}

TEST(ShardOf, GivesEveryTrialToOneOfThem) {
    const std::vector<Trial> trials = every_trial({"gpt"}, splits_of({.effective = 16}), {});
    EXPECT_EQ(shard_of(trials, ""), trials);
    std::size_t all = 0;
    for (const char* shard : {"1/4", "2/4", "3/4", "4/4"}) all += shard_of(trials, shard).size();
    EXPECT_EQ(all, trials.size());
    EXPECT_EQ(shard_of(trials, "2/4")[1], trials[5]);
    for (const char* bad : {"0/4", "5/4", "1", "1/0", "a/b", "1/2/3", "-1/4", "16/20"})
        EXPECT_EQ(error_of([&] { shard_of(trials, bad); }).where(), "--shard") << bad;
}

TEST(Undrawn, KeepsWhatIsTheSameInAll) {
    Trial trial;
    trial.optimizer = "sgd";
    trial.threads = 2;
    trial.identities = "strict";
    EXPECT_EQ(undrawn(trial),
              "gpt --splits 16x1x1 --engine serial --device cpu --seed 1 --epochs 2 --identities strict");
}

}  // namespace
}  // namespace isobatch
