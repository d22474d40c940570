#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "plan/split.h"

namespace isobatch {

/// A language model by what its memory depends on.
struct Transformer {
    std::string name;
    double parameters = 0;
    std::int64_t layers = 0, width = 0, vocabulary = 0;
    double adapter = 0;  ///< parameters of the rank-16 adapters on all linear layers of its blocks
};

/// A way of training, as bytes for each parameter.
struct Method {
    std::string name;
    double weight_bytes = 2;   ///< of a frozen or working weight
    double trained_bytes = 0;  ///< of a trained weight beyond that: gradient, fp32 copy, two moments
    bool adapters = false;     ///< only these are trained
    bool sharded = false;      ///< weights and all that belongs to them, over the devices
};

/// Bytes on one device: weights, gradients and optimizer, then activations, with every layer recomputed in backward and
/// attention that keeps no matrix of scores.
struct MemoryEstimate {
    double states = 0, activations = 0;
    double total() const { return states + activations; }
};

MemoryEstimate memory_of(const Transformer& model, const Method& method, const Split& split, std::int64_t tokens);

/// A row of the advice that is given everywhere: a model, a device, a split.
struct Pattern {
    Transformer model;
    Split split;
    double device_bytes = 0;
};

const std::vector<Pattern>& patterns();
const std::vector<Method>& methods();

/// Each pattern under each method: what it takes, whether it fits, and what a row takes for granted; with the
/// assumptions.
std::string patterns_text();
Json patterns_json();

}  // namespace isobatch
