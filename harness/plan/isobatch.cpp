#include "plan/isobatch.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace isobatch {

std::vector<std::int64_t> divisors(std::int64_t value) {
    std::vector<std::int64_t> low, high;
    for (std::int64_t d = 1; d <= value / d; ++d) {
        if (value % d != 0) continue;
        low.push_back(d);
        if (d != value / d) high.push_back(value / d);
    }
    low.insert(low.end(), high.rbegin(), high.rend());
    return low;
}

std::vector<Split> splits_of(const Isobatch& isobatch) {
    const auto in_range = [](const char* field, std::int64_t value, std::int64_t lowest) {
        if (value < lowest || value > max_effective)
            throw Error(fmt::format("{} is {}", field, value), "plan",
                        fmt::format("give a whole number from {} to {}", lowest, max_effective));
    };
    in_range("--effective", isobatch.effective, 1);
    in_range("the largest per_device", isobatch.max_per_device, 0);
    in_range("the largest accum", isobatch.max_accum, 0);
    in_range("--max-devices", isobatch.max_devices, 0);
    const auto allowed = [](std::int64_t value, std::int64_t bound) { return bound == 0 || value <= bound; };

    std::vector<Split> splits;
    const std::vector<std::int64_t> factors = divisors(isobatch.effective);
    for (auto b = factors.rbegin(); b != factors.rend(); ++b) {
        if (!allowed(*b, isobatch.max_per_device)) continue;
        const std::vector<std::int64_t> rest = divisors(isobatch.effective / *b);
        for (auto a = rest.rbegin(); a != rest.rend(); ++a) {
            const std::int64_t devices = isobatch.effective / *b / *a;
            if (allowed(*a, isobatch.max_accum) && allowed(devices, isobatch.max_devices))
                splits.push_back({*b, *a, devices});
        }
    }
    return splits;
}

namespace {

/// How far apart two splits are: the factors' ratios, so that 4x4x1 is nearer to 4x3x1 than 16x1x1 is.
double distance(const Split& a, const Split& b) {
    const auto ratio = [](std::int64_t x, std::int64_t y) {
        return std::abs(std::log2(double(x)) - std::log2(double(y)));
    };
    return ratio(a.per_device, b.per_device) + ratio(a.accum, b.accum) + ratio(a.devices, b.devices);
}

}  // namespace

std::vector<Split> parse_splits(std::string_view text, std::int64_t effective) {
    std::vector<Split> splits;
    for (const std::string& piece : pieces(text, ',')) {
        const Split split = parse_split(piece);
        if (split.effective() != effective) {
            std::vector<Split> valid = splits_of({.effective = effective});
            std::stable_sort(valid.begin(), valid.end(),
                             [&](const Split& a, const Split& b) { return distance(a, split) < distance(b, split); });
            std::vector<std::string> names;
            for (std::size_t i = 0; i < valid.size() && i < 3; ++i) names.push_back(to_string(valid[i]));
            throw Error(fmt::format("split {} has effective batch {}, not {}", piece, split.effective(), effective),
                        "--splits", fmt::format("nearest splits of {}: {}", effective, joined(names, ", ")));
        }
        if (std::find(splits.begin(), splits.end(), split) != splits.end())
            throw Error(fmt::format("split {} is given twice", piece), "--splits", "name each split once");
        splits.push_back(split);
    }
    return splits;
}

}  // namespace isobatch
