#pragma once

#include <functional>

#include <fmt/format.h>

#include "tests/judge/edit.h"
#include "tests/judge/synthetic.h"

namespace isobatch {

/// What an outside trainer's recorder leaves: the first window.
inline Trace outside_run(const Synthetic& matrix, const Split& split, const SyntheticLoop& loop = {}) {
    Trace trace = matrix.candidate(split, loop);
    trace.manifest.follows.reset();
    trace.manifest.contract.reset();
    for (std::vector<Step>& steps : trace.ranks) steps.resize(1);
    return trace;
}

/// And of the 1x16x1 run what each micro added: that of sample i scale(i) times the sample's share.
inline Trace outside_columns(
    const Synthetic& matrix, const std::function<double(std::size_t)>& scale = [](std::size_t) { return 1.0; }) {
    Trace trace = outside_run(matrix, {1, 16, 1});
    Step& step = trace.ranks[0][0];
    for (std::size_t i = 0; i < 16; ++i)
        for (const Parameter& parameter : trace.manifest.parameters) {
            const std::string key = fmt::format("micro/{}/{}", i, parameter.name);
            step.tensors[key] =
                matrix.reference().ranks[0][0].tensors.at(fmt::format("sample/{}/{}", i, parameter.name));
            edit(step, key, [&](std::size_t, double value) { return scale(i) * value; });
        }
    return trace;
}

/// Adds so many times one term, which no sample has, to a tensor "weight" of the first step.
inline void add_term(Trace& trace, const std::string& prefix, double times) {
    edit(trace.ranks[0][0], prefix + "weight",
         [&](std::size_t j, double value) { return value + times * 0.01 * static_cast<double>(j % 7); });
}

}  // namespace isobatch
