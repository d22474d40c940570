#include "measure/traffic.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace isobatch {

Traffic traffic_of(const Trace& trace) {
    double gradients = 0;  // bytes; in floating point, which no shape in a file can overflow
    for (const Parameter& parameter : trace.manifest.parameters)
        gradients += std::accumulate(parameter.shape.begin(), parameter.shape.end(),
                                     trace.manifest.recipe == Recipe::fp64 ? 8.0 : 4.0, std::multiplies<>());
    Traffic most;
    for (const std::vector<Step>& rank : trace.ranks) {
        Traffic own;
        for (std::size_t k = 0; k < rank.size(); ++k) {
            double reduced = 0;
            for (const auto& [name, moved] : rank[k].collectives.value_or(Collectives{})) {
                own.calls += moved.calls;
                own.bytes += moved.bytes;
                if (name == "all_reduce") reduced = static_cast<double>(moved.bytes);
            }
            const bool counts = k > 0 || rank.size() == 1;
            if (counts && gradients > 0) own.exchanges = std::max(own.exchanges, reduced / gradients);
        }
        if (own.bytes > most.bytes) most = own;
    }
    return most;
}

Json to_json(const Traffic& traffic) {
    return {{"calls", traffic.calls}, {"bytes", traffic.bytes}, {"exchanges", number_to_json(traffic.exchanges)}};
}

Traffic traffic_from_json(const Json& object, const std::string& where) {
    return reading(where, [&] {
        const auto count = [&](const char* field) {
            return integer_from_json(object.at(field), 0, std::int64_t{1} << 53, where + ", " + field);
        };
        return Traffic{count("calls"), count("bytes"), number_from_json(object.at("exchanges"), where)};
    });
}

}  // namespace isobatch
