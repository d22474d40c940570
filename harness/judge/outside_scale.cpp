#include "judge/outside_scale.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "base/error.h"
#include "judge/compare.h"
#include "judge/folded_rows.h"
#include "judge/least_squares.h"

namespace isobatch {

namespace {

/// What no weights explain is rounding below this, where sums have 24 bits and more: right runs had at most 4.1e-7.
constexpr double wide_residual = 1e-5;

/// Of A: above it no arithmetic that anybody trains with is the reason.
constexpr double gross = 0x1p-6;
constexpr double rounding_factor = 256;

std::vector<double> rows_of(const Tensor& tensor, std::size_t begin, const std::string& where) {
    Block memory;
    const std::span<const double> rows = block_of(tensor, begin, memory, where);
    return {rows.begin(), rows.end()};
}

/// Calls visit(gradient, shares of every sample, gradient of one by one) for all rows, block by block.
template <class Visit>
void each_rows(const WindowScale& window, const std::vector<Tensor>& one_by_one, Visit visit) {
    for (std::size_t t = 0; t < window.gradients.size(); ++t)
        for (std::size_t begin = 0; begin < window.gradients[t].count(); begin += Block().size()) {
            std::vector<std::vector<double>> shares;
            for (const std::vector<Tensor>& sample : window.shares)
                shares.push_back(rows_of(sample[t], begin, "micro"));
            visit(rows_of(window.gradients[t], begin, "grad"), shares,
                  one_by_one.empty() ? std::vector<double>() : rows_of(one_by_one[t], begin, "grad"));
        }
}

struct Fit {
    std::vector<double> weights;
    double residual = 0, condition = 0;
};

/// Nothing where single samples cannot be told apart.
std::optional<Fit> fit(const WindowScale& window, const std::vector<std::size_t>& used) {
    FoldedRows rows(used.size() + 1);
    each_rows(window, {}, [&](std::vector<double> gradient, std::vector<std::vector<double>>& shares, const auto&) {
        std::vector<std::vector<double>> block;
        for (const std::size_t i : used) block.push_back(std::move(shares[i]));
        block.push_back(std::move(gradient));
        rows.add(std::move(block));
    });
    if (rows.rows() < used.size()) return std::nullopt;
    std::vector<std::vector<double>> columns = rows.columns();
    std::vector<double> gradient = std::move(columns.back());
    columns.pop_back();
    const LeastSquares system(std::move(columns));
    if (system.rank() < system.columns()) return std::nullopt;
    LeastSquares::Solution solution = system.solve(std::move(gradient));
    return Fit{std::move(solution.weights), solution.residual, system.condition()};
}

/// What the run of single samples makes of the sum of what its micros added, as a factor, and how far the window's
/// gradient is from that, relative to it.
struct Common {
    double factor, residual;
};

Common common_factor(const WindowScale& window, const std::vector<Tensor>& one_by_one) {
    double product = 0, squares = 0, missed = 0, whole = 0;
    const auto each = [&](auto visit) {
        each_rows(window, one_by_one, [&](const auto& gradient, const auto& shares, const auto& own) {
            for (std::size_t j = 0; j < gradient.size(); ++j) {
                double sum = 0;
                for (const std::vector<double>& share : shares) sum += share[j];
                visit(gradient[j], sum, own.empty() ? sum : own[j]);
            }
        });
    };
    each([&](double, double sum, double own) {
        product += sum * own;
        squares += sum * sum;
    });
    const double factor = squares > 0 && product != 0 ? product / squares : 1;
    each([&](double gradient, double sum, double) {
        missed += std::pow(gradient - factor * sum, 2);
        whole += gradient * gradient;
    });
    return {factor, missed > 0 ? std::sqrt(missed / whole) : 0};  // infinite beside no gradient at all
}

/// A, and as E how far the scaled shares are from adding up to the gradient.
TensorScale scale_of(const WindowScale& window, std::size_t t, const std::string& name, const Bound& bound,
                     const std::vector<std::vector<double>>& peaks) {
    TensorScale scale{name, window.gradients[t], window.gradients[t], {}, {}};
    scale.tolerance.unit_roundoff = bound.unit_roundoff;
    scale.tolerance.factor = bound.fail;
    for (std::size_t i = 0; i < window.shares.size(); ++i)
        scale.sample_peaks.push_back(std::abs(window.share_factors[i]) * peaks[i][t]);
    for (std::size_t begin = 0; begin < window.gradients[t].count(); begin += Block().size()) {
        std::vector<double> rest = rows_of(window.gradients[t], begin, name), magnitude(rest.size(), 0);
        for (std::size_t i = 0; i < window.shares.size(); ++i) {
            const std::vector<double> values = rows_of(window.shares[i][t], begin, name);
            for (std::size_t j = 0; j < rest.size(); ++j) {
                const double share = window.share_factors[i] * values[j];
                rest[j] -= share;
                magnitude[j] += std::abs(share);
            }
        }
        for (std::size_t j = 0; j < rest.size(); ++j) {
            scale.tolerance.error = std::max(scale.tolerance.error, std::abs(rest[j]));
            scale.tolerance.magnitude = std::max(scale.tolerance.magnitude, magnitude[j]);
        }
    }
    return scale;
}

/// Whether it computes in fewer bits than its recipe says, as far as can be seen: parameters of several precisions,
/// which is called by that of the first, and what a GPU makes of fp32.
bool may_be_narrow(const WindowScale& window, const Manifest& manifest) {
    return computes_narrow(manifest.recipe) || sums_narrow(manifest.recipe) || !manifest.device.starts_with("cpu") ||
           std::any_of(window.gradients.begin(), window.gradients.end(),
                       [](const Tensor& gradient) { return bytes_of(gradient.dtype) < 4; });
}

/// What may be off without being surely wrong, in units of A.
double allowed_share(const WindowScale& window, const Manifest& manifest, double rounding) {
    if (may_be_narrow(window, manifest)) return std::max(rounding, rounding_factor * narrow_roundoff);
    const auto seen = manifest.provenance.find("arithmetic");  // what the recorder saw between parameters and loss
    if (seen != manifest.provenance.end() && seen->second == "as wide as its parameters") return rounding;
    return std::max(rounding, gross);
}

/// The window is held to its runs alone.
void bound_by_runs(WindowScale& window, const Manifest& manifest) {
    double largest = 0;
    for (const TensorScale& scale : window.tensors) largest = std::max(largest, scale.tolerance.magnitude);
    const double least = rounding_factor * unit_roundoff(manifest.recipe);
    const double allowed = allowed_share(window, manifest, least);
    for (TensorScale& scale : window.tensors) scale.tolerance = {0, allowed, largest, 1};
    window.suspect = least / allowed;
}

}  // namespace

Weights scale_window(WindowScale& window, const Manifest& manifest, std::vector<Tensor> one_by_one) {
    Weights weights;
    std::vector<std::vector<double>> peaks(window.shares.size());
    for (std::size_t i = 0; i < window.shares.size(); ++i) {
        for (const Tensor& part : window.shares[i]) peaks[i].push_back(peak(part));
        const double largest = peaks[i].empty() ? 0 : *std::max_element(peaks[i].begin(), peaks[i].end());
        if (!std::isfinite(largest))
            throw Error("a gradient is not finite", fmt::format("sample {} of window {}", i + 1, window.step),
                        "remove the rows whose loss is not a number");
        if (largest > 0) weights.samples.push_back(i);  // a sample without a gradient has no weight
    }
    if (weights.samples.empty())
        throw Error("no micro-batch of the run with one sample each added anything to a gradient",
                    fmt::format("window {}", window.step), "see that the script trains with {accum} micro-batches");
    const bool narrow = computes_narrow(manifest.recipe) || sums_narrow(manifest.recipe);
    const double limit = narrow ? residual_limit(manifest.recipe) : wide_residual;
    std::optional<Fit> fitted = fit(window, weights.samples);
    double residual = fitted ? fitted->residual : 0;
    if (!fitted || !(residual <= limit)) {
        const Common common = common_factor(window, one_by_one);
        if (!fitted) {
            residual = common.residual;
            weights.unknown = "the samples' gradients are too alike, or more than there are parameters";
        } else {
            weights.unknown =
                fmt::format("no weights of the samples' gradients give the reference's (residual {:.2g})", residual);
        }
        window.share_factors.assign(window.shares.size(), common.factor);
    } else {
        window.share_factors.assign(window.shares.size(), 1);
        for (std::size_t k = 0; k < weights.samples.size(); ++k)
            window.share_factors[weights.samples[k]] = fitted->weights[k];
        weights.values = std::move(fitted->weights);
        weights.condition = fitted->condition;
    }
    const Bound bound = bound_of(manifest.recipe);
    for (std::size_t t = 0; t < manifest.parameters.size(); ++t)
        window.tensors.push_back(scale_of(window, t, manifest.parameters[t].name, bound, peaks));
    if (residual <= limit) {
        floor_magnitudes(window);
    } else {
        window.unexplained = residual;
        bound_by_runs(window, manifest);
        window.one_by_one = std::move(one_by_one);
    }
    return weights;
}

}  // namespace isobatch
