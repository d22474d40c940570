#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace isobatch {

/// What a weight is of: a sample of the window, or one of its scored units.
struct Source {
    std::size_t sample = 0;
    std::optional<std::size_t> unit = std::nullopt;

    bool operator==(const Source&) const = default;
};

/// The weights recovered from one gradient; several ranks share an entry when their gradients are bitwise the same.
struct Recovered {
    std::vector<int> ranks;
    std::vector<double> weights;  ///< per sample of the window, 1 = right; NaN for a sample without a gradient
    /// Share of each earlier window's gradient that is still in this one, oldest first. Of more than seven, or 25
    /// where the norm is clipped, the oldest entry is the share of the sum of all but the last six, or 24.
    std::vector<double> stale;
    double residual = 0;  ///< what no weights explain, relative to the gradient
    /// Where only some parameters are wrong: those, from which alone the weights were read. Empty: read from all.
    std::vector<std::string> tensors;
    /// How often each term that the loss has once a window counts beyond its share in the samples; 0 is right, NaN
    /// where it has no gradient or nothing tells it from the samples. In the order of WindowEvidence::terms.
    std::vector<double> terms = {};
    /// Where no weights of samples explain the gradient, and those of their scored units do: these, of each sample, NaN
    /// for a unit without a gradient; a sample's own weight is their mean. Empty: read from samples.
    std::vector<std::vector<double>> units = {};
    /// Those that were read together, as nothing tells them apart: they have one gradient, and the weight of each is
    /// the mean of all; or they are one micro-batch.
    std::vector<std::vector<Source>> alike = {};
    /// Why only whole micro-batches could be told apart, so that each sample has the weight of its own. Empty: samples.
    std::string by_micros = {};
};

Json to_json(const Recovered& recovered);
Recovered recovered_from_json(const Json& object, const std::string& where);

/// Whether its lists speak of these samples, with so many units, and of so many terms, so that whatever reads them may
/// index one by another.
bool is_consistent(const Recovered& recovered, const std::vector<double>& sample_units, std::size_t terms);

}  // namespace isobatch
