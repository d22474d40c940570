#include "plan/design.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "plan/covering.h"

namespace isobatch {

namespace {

constexpr int most_threads = 2;  // the least at which an operator's sums are cut

/// Choices of each factor, in the order in which covering_trials reads them.
std::vector<int> levels_of(std::size_t subjects, std::size_t splits) {
    const int with_own = static_cast<int>(optimizers.size()) + 1;
    return {static_cast<int>(subjects),
            static_cast<int>(splits),
            static_cast<int>(known_recipes.size()),
            with_own,
            2,
            most_threads};
}

}  // namespace

std::vector<Trial> covering_trials(std::vector<std::string> subjects, std::vector<Split> splits, const Trial& common,
                                   int strength) {
    std::sort(subjects.begin(), subjects.end());
    std::sort(splits.begin(), splits.end());
    std::vector<Trial> trials;
    for (const Row& row : covering_rows(levels_of(subjects.size(), splits.size()), strength)) {
        const auto at = [&](std::size_t factor) { return static_cast<std::size_t>(row[factor]); };
        Trial trial = common;
        trial.subject = subjects[at(0)];
        trial.split = splits[at(1)];
        trial.recipe = known_recipes[at(2)];
        trial.optimizer = row[3] == 0 ? "" : optimizers[at(3) - 1];
        trial.lengths = row[4] == 0 ? Lengths::ragged : Lengths::equal;
        trial.threads = row[5] + 1;
        trial.samples = default_samples(trial.split.effective(), trial.lengths);
        trials.push_back(std::move(trial));
    }
    std::sort(trials.begin(), trials.end(), before);  // those of one reference follow one another
    return trials;
}

std::vector<Trial> every_trial(const std::vector<std::string>& subjects, const std::vector<Split>& splits,
                               const Trial& common) {
    std::vector<Trial> trials;
    for (const std::string& subject : subjects)
        for (const Split& split : splits) {
            trials.push_back(common);
            trials.back().subject = subject;
            trials.back().split = split;
        }
    return trials;
}

std::string undrawn(const Trial& trial) {
    const std::vector<std::string> words = pieces(to_string(trial), ' ');
    std::string text = words[0];
    for (std::size_t i = 1; i + 1 < words.size(); i += 2)
        if (std::find(drawn_options.begin(), drawn_options.end(), words[i]) == drawn_options.end())
            text += " " + words[i] + " " + words[i + 1];
    return text;
}

std::vector<Trial> shard_of(const std::vector<Trial>& trials, const std::string& shard) {
    if (shard.empty()) return trials;
    const std::vector<std::string> parts = pieces(shard, '/');
    const auto number = [&](std::size_t part) {
        return part < parts.size() ? whole_number(parts[part]) : std::nullopt;
    };
    const auto which = number(0), of = number(1);
    if (parts.size() != 2 || !which || !of || *which < 1 || *which > *of)
        throw Error(fmt::format("shard \"{}\"", printable(shard)), "--shard",
                    "give its number and how many there are, such as 2/5");
    std::vector<Trial> left;
    for (auto i = static_cast<std::size_t>(*which - 1); i < trials.size(); i += static_cast<std::size_t>(*of))
        left.push_back(trials[i]);
    if (left.empty())
        throw Error(fmt::format("shard {} is empty: there are {} trials", shard, trials.size()), "--shard",
                    "use as many shards as there are trials, or fewer");
    return left;
}

double all_trials(std::size_t subjects, std::size_t splits) {
    return full_product(levels_of(subjects, splits));
}

}  // namespace isobatch
