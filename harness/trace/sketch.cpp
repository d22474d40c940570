#include "trace/sketch.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/seed.h"
#include "base/text.h"

namespace isobatch {

namespace {

using Coordinates = std::vector<std::int64_t>;

/// The elements at these places, with their own memory.
Tensor taken(const Tensor& tensor, const Coordinates& coordinates) {
    const std::size_t size = bytes_of(tensor.dtype);
    auto memory = std::make_shared<std::vector<std::byte>>(coordinates.size() * size);
    for (std::size_t j = 0; j < coordinates.size(); ++j)
        std::memcpy(memory->data() + j * size, tensor.bytes.data() + static_cast<std::size_t>(coordinates[j]) * size,
                    size);
    return {tensor.dtype, {std::ssize(coordinates)}, *memory, memory};
}

Whole whole_of(const Tensor& tensor) {
    double squares = 0;
    each_block(tensor, "gradient", [&](std::span<const double> block) {
        for (const double value : block) squares += value * value;
    });
    return {std::sqrt(squares), crc32_digest(tensor.bytes)};
}

/// The parameter that the key of a recorded script's tensor ends with, `grad/<p>`, `left/<p>` or `micro/<m>/<p>`; empty
/// for others.
std::string parameter_of(const std::string& key) {
    const auto slash = key.find('/');
    const std::string kind = key.substr(0, slash);
    if (kind == "grad" || kind == "left" || kind == "sketch") return key.substr(slash + 1);
    if (kind != "micro") return {};
    return key.substr(key.find('/', slash + 1) + 1);
}

/// A parameter that is sketched.
struct Drawn {
    Coordinates coordinates;
    std::int64_t all = 0;  ///< elements
};

/// In one pass, since a step holds each parameter as often as it has micros.
void sketch(Step& step, const std::map<std::string, Drawn>& parameters, bool recorded, const std::string& trial) {
    Tensors tensors;
    for (const auto& [key, tensor] : step.tensors) {
        const auto parameter = parameters.find(parameter_of(key));
        if (parameter == parameters.end()) {
            tensors.emplace(key, tensor);
            continue;
        }
        const auto& [name, drawn] = *parameter;
        const auto expected = recorded ? std::ssize(drawn.coordinates) : drawn.all;
        if (static_cast<std::int64_t>(tensor.count()) != expected)
            throw Error(
                fmt::format("tensor \"{}\" has {} elements where {} were expected", printable(key), tensor.count(),
                            expected),
                trial,
                recorded ? "draw the coordinates as the trace format says" : "record this run at level sketch too");
        if (!recorded && key == "grad/" + name) step.sketched[name] = whole_of(tensor);
        tensors[recorded && key == "sketch/" + name ? "grad/" + name : key] =
            recorded ? tensor : taken(tensor, drawn.coordinates);
    }
    step.tensors = std::move(tensors);
}

}  // namespace

std::vector<std::int64_t> sketch_coordinates(const Parameter& parameter, std::int64_t samples) {
    Seed seed = Seed{}.split(parameter.name);
    std::uint64_t all = 1;
    for (const std::int64_t side : parameter.shape) {
        seed = seed.split(static_cast<std::uint64_t>(side));
        all *= static_cast<std::uint64_t>(side);
    }
    const std::uint64_t count = std::min(all, std::max<std::uint64_t>(64, 3 * static_cast<std::uint64_t>(samples)));
    Random random(seed);
    std::vector<std::int64_t> coordinates;
    for (std::uint64_t j = 0; j < count; ++j) {
        const std::uint64_t begin = j * (all / count) + std::min(j, all % count),
                            length = all / count + (j < all % count ? 1 : 0);
        coordinates.push_back(static_cast<std::int64_t>(begin + random.below(length)));
    }
    return coordinates;
}

Trace sketch_of(Trace trace) {
    const bool recorded = trace.manifest.level == Level::sketch;
    std::map<std::string, Drawn> parameters;
    for (const Parameter& parameter : trace.manifest.parameters)
        parameters[parameter.name] = {
            sketch_coordinates(parameter, trace.manifest.split.effective()),
            std::accumulate(parameter.shape.begin(), parameter.shape.end(), std::int64_t{1}, std::multiplies<>())};
    for (std::vector<Step>& rank : trace.ranks)
        for (Step& step : rank) sketch(step, parameters, recorded, trace.manifest.trial);
    trace.manifest.level = Level::sketch;
    return trace;
}

bool has_sketch(const std::vector<Trace>& traces) {
    return std::any_of(traces.begin(), traces.end(),
                       [](const Trace& trace) { return trace.manifest.level == Level::sketch; });
}

}  // namespace isobatch
