#include "plan/covering.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "base/check.h"
#include "base/error.h"

namespace isobatch {

namespace {

constexpr double most_combinations = 1 << 24;
constexpr int open_level = -1;  ///< of a factor that a row has not chosen yet

/// The combinations of some factors' choices: those that no row has had, each with a number.
struct Group {
    std::vector<int> factors;  ///< ascending
    std::vector<bool> covered;
};

/// The number of a row's combination; -1 where one of the factors is still open.
std::int64_t number_of(const Group& group, const Row& row, const std::vector<int>& levels) {
    std::int64_t number = 0;
    for (const int factor : group.factors) {
        const auto f = static_cast<std::size_t>(factor);
        if (row[f] == open_level) return -1;
        number = number * levels[f] + row[f];
    }
    return number;
}

/// Every set of so many factors, in lexicographic order.
std::vector<Group> groups_of(const std::vector<int>& levels, int strength) {
    std::vector<Group> groups;
    std::vector<int> factors(static_cast<std::size_t>(strength));
    std::iota(factors.begin(), factors.end(), 0);
    double combinations = 0;
    for (;;) {
        double size = 1;
        for (const int factor : factors) size *= levels[static_cast<std::size_t>(factor)];
        combinations += size;
        if (combinations > most_combinations)
            throw Error(fmt::format("more than {} combinations of {} choices", most_combinations, strength), "--cover",
                        "name fewer cases or splits, or cover fewer choices at a time");
        groups.push_back({factors, std::vector<bool>(static_cast<std::size_t>(size), false)});
        int last = strength - 1;
        while (last >= 0 &&
               factors[static_cast<std::size_t>(last)] == static_cast<int>(levels.size()) - strength + last)
            --last;
        if (last < 0) return groups;
        ++factors[static_cast<std::size_t>(last)];
        for (int i = last + 1; i < strength; ++i)
            factors[static_cast<std::size_t>(i)] = factors[static_cast<std::size_t>(i - 1)] + 1;
    }
}

/// A row that has the first combination of the group that none has had, and nothing else.
Row begun(const Group& group, const std::vector<int>& levels) {
    auto number = std::find(group.covered.begin(), group.covered.end(), false) - group.covered.begin();
    Row row(levels.size(), open_level);
    for (std::size_t i = group.factors.size(); i-- > 0;) {
        const auto f = static_cast<std::size_t>(group.factors[i]);
        row[f] = static_cast<int>(number % levels[f]);
        number /= levels[f];
    }
    return row;
}

/// How many combinations that none has had the row completes.
int gained(const std::vector<Group>& groups, const Row& row, const std::vector<int>& levels, int factor) {
    int count = 0;
    for (const Group& group : groups) {
        if (!std::binary_search(group.factors.begin(), group.factors.end(), factor)) continue;
        const std::int64_t number = number_of(group, row, levels);
        count += number >= 0 && !group.covered[static_cast<std::size_t>(number)];
    }
    return count;
}

/// Gives each open factor the choice that completes most; of equals the one that comes next after the last row's, so
/// that all are used alike.
void complete(Row& row, const std::vector<Group>& groups, const std::vector<int>& levels, std::size_t turn) {
    for (std::size_t f = 0; f < levels.size(); ++f) {
        if (row[f] != open_level) continue;
        int best = 0, most = -1;
        for (int i = 0; i < levels[f]; ++i) {
            row[f] = static_cast<int>((turn + static_cast<std::size_t>(i)) % static_cast<std::size_t>(levels[f]));
            const int gain = gained(groups, row, levels, static_cast<int>(f));
            if (gain > most) most = gain, best = row[f];
        }
        row[f] = best;
    }
}

}  // namespace

std::vector<Row> covering_rows(const std::vector<int>& levels, int strength) {
    if (strength < 1 || strength > std::ssize(levels))
        throw Error(fmt::format("{} of {} choices", strength, levels.size()), "--cover",
                    fmt::format("cover from 1 to {} choices at a time", levels.size()));
    ISOBATCH_CHECK(std::all_of(levels.begin(), levels.end(), [](int count) { return count > 0; }),
                   "a factor has a level");
    std::vector<Group> groups = groups_of(levels, strength);
    // The largest group decides how many rows there are at least: what it needs is taken first.
    std::stable_sort(groups.begin(), groups.end(),
                     [](const Group& a, const Group& b) { return a.covered.size() > b.covered.size(); });
    std::vector<Row> rows;
    for (std::size_t g = 0; g < groups.size(); ++g)
        while (std::find(groups[g].covered.begin(), groups[g].covered.end(), false) != groups[g].covered.end()) {
            Row row = begun(groups[g], levels);
            complete(row, groups, levels, rows.size());
            for (Group& group : groups) group.covered[static_cast<std::size_t>(number_of(group, row, levels))] = true;
            rows.push_back(std::move(row));
        }
    return rows;
}

double full_product(const std::vector<int>& levels) {
    return std::accumulate(levels.begin(), levels.end(), 1.0,
                           [](double product, int count) { return product * count; });
}

}  // namespace isobatch
