#pragma once

#include <algorithm>

#include <fmt/format.h>

#include "base/lattice.h"
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

/// What the shares of a parameter in a reference's step add up to on a lattice of its own.
inline Tensor strict_twin(const Step& step, const Parameter& parameter, Recipe recipe) {
    const Tensor& gradient = step.tensors.at("grad/" + parameter.name);
    if (!step.trusted) return gradient;  // not judged: nobody looks at it
    const double quantum =
        lattice_quantum(as_doubles(step.tensors.at("scale/" + parameter.name), "scale")[0], sum_bits(recipe));
    std::vector<double> sum(gradient.count(), 0);
    for (std::size_t i = 0; step.tensors.contains(fmt::format("sample/{}/{}", i, parameter.name)); ++i) {
        const std::vector<double> share =
            as_doubles(step.tensors.at(fmt::format("sample/{}/{}", i, parameter.name)), "share");
        for (std::size_t j = 0; j < sum.size(); ++j) sum[j] += on_lattice(share[j], quantum);
    }
    return tensor_of(gradient.dtype, gradient.shape, sum);
}

/// The candidate as it is when it was asked for these identities, and a right trainer ran the twins.
inline Trace with_twins(Trace trace, const std::string& identities, const Trace& reference) {
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
                            cancels(identity) ? tensor_of(gradient.dtype, gradient.shape, zeros)
                            : identity == Identity::strict
                                ? strict_twin(reference.ranks[0][k], parameter, reference.manifest.recipe)
                                : gradient);
            }
    return trace;
}

}  // namespace isobatch
