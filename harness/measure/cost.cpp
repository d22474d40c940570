#include "measure/cost.h"

#include <algorithm>

namespace isobatch {

Cost cost_of(const Trace& trace) {
    std::vector<double> times;
    for (std::size_t k = 0; !trace.ranks.empty() && k < trace.ranks[0].size(); ++k) {
        double longest = 0;  // ranks run at the same time, or each carries the time of all (serial engine)
        for (const std::vector<Step>& rank : trace.ranks)
            if (k < rank.size()) longest = std::max(longest, rank[k].step_ms);
        if (longest > 0) times.push_back(longest);
    }
    if (times.size() > 1) times.erase(times.begin());
    if (times.empty()) return {};
    std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
    const double median = times[times.size() / 2];
    return {median, 1000.0 * static_cast<double>(trace.manifest.split.effective()) / median};
}

Json to_json(const Cost& cost) {
    return {{"step_ms_median", number_to_json(cost.step_ms_median)},
            {"samples_per_second", number_to_json(cost.samples_per_second)}};
}

Cost cost_from_json(const Json& object, const std::string& where) {
    return reading(where, [&] {
        return Cost{number_from_json(object.at("step_ms_median"), where),
                    number_from_json(object.at("samples_per_second"), where)};
    });
}

}  // namespace isobatch
