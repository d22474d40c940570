#include "judge/yardstick.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <future>

#include <fmt/format.h>

#include "base/error.h"
#include "base/lattice.h"
#include "base/text.h"
#include "judge/compare.h"

namespace isobatch {

namespace {

const Tensor& tensor_at(const Step& step, const std::string& key) {
    const auto it = step.tensors.find(key);
    if (it == step.tensors.end())
        throw Error(fmt::format("the reference has no tensor \"{}\"", key),
                    fmt::format("step {}", step.number.value_or(0)),
                    "name the reference trace of the matrix first, and the candidates after it");
    return it->second;
}

/// An infinite tolerance would let everything pass.
void require_finite(const std::vector<double>& values, const std::string& name, std::int64_t step) {
    if (!std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); }))
        throw Error(fmt::format("the reference's {} is not finite", name), fmt::format("step {}", step),
                    "lower the learning rate or change the seed: nothing can be compared with such a run");
}

double largest_of(std::span<const double> values) {
    return values.empty() ? 0.0 : *std::max_element(values.begin(), values.end());
}

WindowScale window_of(const Step& step) {
    WindowScale window;
    window.step = step.number.value_or(0);
    window.epoch = step.epoch;
    for (const Micro& micro : step.micros)
        window.samples.insert(window.samples.end(), micro.samples.begin(), micro.samples.end());
    window.lr = step.lr;
    window.counters = step.counters;
    window.loss = step.loss;
    window.free_losses = step.free_losses;
    window.clip_threshold = step.clip_threshold;
    window.grad_norm = step.grad_norm;
    window.clip_factor = step.clip_factor;
    return window;
}

/// Of the trusted runs: before it the one batch and two cuts of it, from it on the one batch rescaled.
constexpr std::size_t first_rescaled = 3;

std::span<const double> not_rescaled(std::span<const double> trusted) {
    return trusted.first(std::min(first_rescaled, trusted.size()));
}

/// E: the worst of the trusted runs. Where splits differ by more than rounding, that is what is looked for, and only
/// those that cut nothing are trusted.
double error_of(std::span<const double> trusted, const WindowScale& window) {
    if (window.coupling <= coupling_limit) return largest_of(trusted);
    return std::max(trusted.front(), largest_of(trusted.subspan(not_rescaled(trusted).size())));
}

TensorScale scale_of(const Step& step, const std::string& name, std::size_t samples, Recipe recipe,
                     WindowScale& window) {
    const Bound bound = bound_of(recipe);
    TensorScale scale{name, tensor_at(step, "grad/" + name), {}, {}};
    const auto exact = step.tensors.find("exact/" + name);
    scale.truth = exact == step.tensors.end() ? scale.gradient : exact->second;
    const Tensor& terms = tensor_at(step, "scale/" + name);  // A, then the error of each trusted split
    if (terms.dtype != Dtype::f64 || terms.count() < 2)
        throw Error(fmt::format("\"scale/{}\" is not a list of at least two fp64 numbers", name),
                    fmt::format("step {}", window.step), "write the reference again");
    const auto values = terms.as<double>();
    scale.quantum = lattice_quantum(values[0], sum_bits(recipe));
    scale.cut_error = largest_of(not_rescaled(values.subspan(1)));
    scale.tolerance = {error_of(values.subspan(1), window), bound.unit_roundoff, values[0], bound.fail};
    for (std::size_t i = 0; i < samples; ++i) {
        const Tensor& share = tensor_at(step, fmt::format("sample/{}/{}", i, name));
        if (share.count() != scale.gradient.count())
            throw Error(fmt::format("\"sample/{}/{}\" has another size than the gradient", i, name),
                        fmt::format("step {}", window.step), "write the reference again");
        scale.sample_peaks.push_back(peak(share));
        window.shares[i].push_back(share);
    }
    if (scale.truth.count() != scale.gradient.count())
        throw Error(fmt::format("\"exact/{}\" has another size than the gradient", name),
                    fmt::format("step {}", window.step), "write the reference again");
    require_finite({peak(terms), peak(scale.truth)}, fmt::format("gradient of \"{}\"", name), window.step);
    require_finite(scale.sample_peaks, fmt::format("gradient of \"{}\"", name), window.step);
    return scale;
}

/// From every `units/<i>/<p>`, where there are any.
void add_units(const Step& step, WindowScale& window) {
    static const std::string prefix = "units/";
    const auto any = step.tensors.lower_bound(prefix);
    if (any == step.tensors.end() || !any->first.starts_with(prefix)) return;
    window.unit_shares.resize(window.samples.size());
    for (std::size_t i = 0; i < window.samples.size(); ++i)
        for (const TensorScale& scale : window.tensors) {
            if (window.sample_units[i] == 0) continue;
            const std::string key = fmt::format("{}{}/{}", prefix, i, scale.name);
            const Tensor& block = tensor_at(step, key);
            const auto units = static_cast<double>(block.shape.empty() ? 0 : block.shape[0]);
            if (units != window.sample_units[i] ||
                static_cast<double>(block.count()) != units * static_cast<double>(scale.gradient.count()))
                throw Error(fmt::format("\"{}\" is not a gradient for each unit of the sample", printable(key)),
                            fmt::format("step {}", window.step), "write the reference again");
            require_finite({peak(block)}, fmt::format("\"{}\"", printable(key)), window.step);
            window.unit_shares[i].push_back(block);
        }
}

/// From every `term/<name>/<p>`: a parameter has no slash in its name.
void add_terms(const Step& step, WindowScale& window) {
    static const std::string prefix = "term/";
    for (auto it = step.tensors.lower_bound(prefix); it != step.tensors.end() && it->first.starts_with(prefix); ++it) {
        const std::string& key = it->first;
        const std::size_t slash = key.rfind('/');  // of the prefix, where there is no other
        const auto of = std::find_if(window.tensors.begin(), window.tensors.end(), [&](const TensorScale& scale) {
            return key.compare(slash + 1, std::string::npos, scale.name) == 0;
        });
        if (slash < prefix.size() || of == window.tensors.end() || it->second.count() != of->gradient.count())
            throw Error(fmt::format("\"{}\" is of no parameter, or has another size", printable(key)),
                        fmt::format("step {}", window.step), "write the reference again");
        require_finite({peak(it->second)}, fmt::format("\"{}\"", printable(key)), window.step);
        std::vector<Tensor>& parts = window.terms[key.substr(prefix.size(), slash - prefix.size())];
        parts.resize(window.tensors.size());
        parts[static_cast<std::size_t>(of - window.tensors.begin())] = it->second;
    }
}

/// What was certified to need no rounding was rounded nevertheless by a trusted split: a kernel that computes more than
/// sums of products.
void require_no_error(const WindowScale& window) {
    for (const TensorScale& scale : window.tensors)
        if (scale.cut_error > 0)
            throw Error(fmt::format("trusted splits differ by {:.3g} in \"{}\", where nothing needs rounding",
                                    scale.cut_error, scale.name),
                        fmt::format("step {}", window.step),
                        "leave oneDNN on: a convolution that transforms its input is not exact");
}

/// What makes a window judged.
void add_scales(const Step& step, const Manifest& manifest, WindowScale& window) {
    const Bound bound = bound_of(manifest.recipe);
    const Trusted& trusted = *step.trusted;
    window.sample_units = trusted.sample_units;
    window.coupling = trusted.coupling;
    require_finite({trusted.coupling}, "coupling", window.step);
    window.loss_truth = trusted.exact_loss;
    if (trusted.loss_errors.empty())
        throw Error("no trusted run has a loss", fmt::format("step {}", window.step), "write the reference again");
    window.loss_tolerance = {error_of(trusted.loss_errors, window), bound.unit_roundoff, trusted.loss_magnitude,
                             bound.fail};
    require_finite({trusted.exact_loss, trusted.loss_magnitude}, "loss", window.step);
    require_finite(trusted.loss_errors, "loss", window.step);
    if (window.sample_units.size() != window.samples.size())
        throw Error("sample_units and the window's samples differ in number", fmt::format("step {}", window.step),
                    "write the reference again");
    window.shares.resize(window.samples.size());
    for (const Parameter& parameter : manifest.parameters)
        window.tensors.push_back(scale_of(step, parameter.name, window.samples.size(), manifest.recipe, window));
    floor_magnitudes(window);
    add_units(step, window);
    add_terms(step, window);
    if (computes_narrow(manifest.recipe)) {
        const std::vector<double> errors = as_doubles(tensor_at(step, "projection"), "projection");
        require_finite(errors, "projection", window.step);
        if (errors.empty())
            throw Error("no trusted run has a projection", fmt::format("step {}", window.step),
                        "write the reference again");
        window.scale = Tolerance{error_of(errors, window), bound.unit_roundoff, 1, scale_fail_factor};
    }
    if (manifest.contract && manifest.contract->exact && trusted.exact_bits)
        window.spare_bits = exact_bits(manifest.recipe) - *trusted.exact_bits;
    if (window.spare_bits >= 0) require_no_error(window);
    for (const Parameter& parameter : manifest.parameters)
        window.update["param/" + parameter.name] = tensor_at(step, "param/" + parameter.name);
    for (const auto& [key, tensor] : step.tensors)
        if (key.starts_with("opt/")) window.update[key] = tensor;
}

}  // namespace

bool same_bits(const WindowScale& window, const Mesh& mesh) {
    return std::has_single_bit(static_cast<unsigned>(mesh.places)) && std::log2(mesh.places) <= window.spare_bits;
}

double Yardstick::coupling() const {
    double most = 0;
    for (const WindowScale& window : windows) most = std::max(most, window.coupling);
    return most;
}

Tolerance owed(Tolerance tolerance, bool same_bits) {
    if (same_bits) tolerance.factor = 0;
    return tolerance;
}

void floor_magnitudes(WindowScale& window) {
    double largest = 0;
    for (const TensorScale& scale : window.tensors) largest = std::max(largest, scale.tolerance.magnitude);
    for (TensorScale& scale : window.tensors)
        scale.tolerance.magnitude = std::max(scale.tolerance.magnitude, magnitude_floor * largest);
}

Yardstick yardstick_of(const Trace& reference) {
    if (!reference.manifest.ended.complete)
        throw Error("the reference did not end well: " + reference.manifest.ended.message, reference.manifest.trial,
                    "run the matrix again");
    if (reference.ranks.size() != 1)
        throw Error("a reference has one rank", reference.manifest.trial, "name the reference trace first");
    std::future<std::string> digest = std::async([&] { return content_digest(reference); });  // beside the other passes
    Yardstick yardstick{reference.manifest.trial,    {},   reference.manifest.recipe,
                        reference.manifest.contract, true, reference.manifest.parameters,
                        reference.manifest.buffers,  {}};
    for (const Step& step : reference.ranks[0]) {
        WindowScale window = window_of(step);
        if (window.step != std::ssize(yardstick.windows) + 1)
            throw Error(
                fmt::format("step {} of the reference is numbered {}", yardstick.windows.size() + 1, window.step),
                reference.manifest.trial, "write the reference again");
        for (const Parameter& parameter : reference.manifest.parameters) {
            window.gradients.push_back(tensor_at(step, "grad/" + parameter.name));
            require_finite({peak(window.gradients.back())}, fmt::format("gradient of \"{}\"", parameter.name),
                           window.step);
        }
        if (step.trusted) add_scales(step, reference.manifest, window);
        yardstick.windows.push_back(std::move(window));
    }
    if (std::none_of(yardstick.windows.begin(), yardstick.windows.end(),
                     [](const WindowScale& w) { return w.loss_truth; }))
        throw Error("no window of the trace can be a measure: it is no reference", reference.manifest.trial,
                    "name the reference trace of the matrix first, and the candidates after it");
    yardstick.digest = digest.get();
    return yardstick;
}

}  // namespace isobatch
