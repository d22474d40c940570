#pragma once

#include "base/seed.h"
#include "judge/yardstick.h"
#include "tests/judge/edit.h"

namespace isobatch {

/// The reference with the gradient of each unit in its w-th window: random, and together the sample's.
inline Trace with_units(Trace reference, std::size_t w) {
    Step& step = reference.ranks[0][w];
    Random random(Seed{w}.split("units"));
    for (std::size_t i = 0; i < step.trusted->sample_units.size(); ++i) {
        const auto units = static_cast<std::size_t>(step.trusted->sample_units[i]);
        for (const Parameter& parameter : reference.manifest.parameters) {
            const std::string name = fmt::format("{}/{}", i, parameter.name);
            std::vector<double> rest = as_doubles(step.tensors.at("sample/" + name), name), block;
            const double size = std::abs(rest[0]);
            for (std::size_t unit = 0; unit + 1 < units; ++unit)
                for (double& left : rest) {
                    block.push_back(size * random.normal());
                    left -= block.back();
                }
            block.insert(block.end(), rest.begin(), rest.end());
            std::vector<std::int64_t> shape = parameter.shape;
            shape.insert(shape.begin(), static_cast<std::int64_t>(units));
            if (units > 0) step.tensors["units/" + name] = tensor_of(Dtype::f64, shape, std::move(block));
        }
    }
    return reference;
}

}  // namespace isobatch
