#pragma once

#include <algorithm>

#include <fmt/format.h>

#include "plan/identity.h"
#include "tests/judge/edit.h"

namespace isobatch {

/// The places' micros in one step of a synthetic candidate.
inline Cut cut_of_step(const Trace& trace, std::size_t k) {
    Cut cut;
    for (std::size_t rank = 0; rank < trace.ranks.size(); rank += static_cast<std::size_t>(trace.manifest.copies))
        cut.micros.push_back(std::ssize(trace.ranks[rank][k].micros));
    return cut;
}

/// The candidate as it is when it was asked for these identities, and a right trainer ran the twins.
inline Trace with_twins(Trace trace, const std::string& identities) {
    trace.manifest.trial += " --identities " + identities;
    for (std::vector<Step>& steps : trace.ranks)
        for (std::size_t k = 0; k < steps.size(); ++k)
            for (const Parameter& parameter : trace.manifest.parameters) {
                const Tensor& gradient = steps[k].tensors.at("grad/" + parameter.name);
                const auto put = [&](const std::string& name, const Tensor& tensor) {
                    steps[k].tensors[fmt::format("twin/{}/{}", name, parameter.name)] = tensor;
                };
                put("again", gradient);
                const std::vector<double> zeros(gradient.count(), 0);
                for (const Identity identity : parse_identities(identities))
                    if (unfit(identity, cut_of_step(trace, k)).empty())
                        put(to_string(identity),
                            cancels(identity) ? tensor_of(gradient.dtype, gradient.shape, zeros) : gradient);
            }
    return trace;
}

}  // namespace isobatch
