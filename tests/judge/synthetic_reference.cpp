/// What a reference carries beside its own run: shares, scales, the fp64 gradient and the state after each step.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "base/seed.h"
#include "tests/judge/edit.h"
#include "tests/judge/synthetic.h"

namespace isobatch {

namespace {

double largest_distance(std::span<const double> a, std::span<const double> b) {
    double largest = 0;
    for (std::size_t j = 0; j < a.size(); ++j) largest = std::max(largest, std::abs(a[j] - b[j]));
    return largest;
}

}  // namespace

/// The parameters and one slot of the optimizer.
std::vector<Synthetic::Flat> Synthetic::state_after(std::size_t w) const {
    Random random(Seed{options_.seed}.split("state").split(w));
    std::vector<Flat> state(2, Flat(elements_));
    for (Flat& flat : state)
        for (double& value : flat) value = random.normal();
    return state;
}

/// From the reference's state and gradient another learning rate leaves other parameters, and the same slot.
void Synthetic::put_forced(std::size_t w, Step& step) const {
    std::vector<Flat> state = state_after(w);
    const double off = step.lr[0] - empty_step(w, static_cast<std::int64_t>(w) + 1).lr[0];
    for (double& value : state[0]) value += off;
    put(step, "forced/param/", state[0]);
    put(step, "forced/opt/exp_avg/", state[1]);
    for (const char* kind : {"param", "opt"}) step.made[kind] = {"xxh3:1", "xxh3:1", ""};
    if (options_.buffers) step.made["buffer"] = {"xxh3:1", "xxh3:1", ""};
    if (loss_scale(options_.recipe) != 1) step.made["overflow"] = {"xxh3:1", "xxh3:1", ""};
}

void Synthetic::make_reference() {
    reference_ = candidate({options_.effective, 1, 1});
    reference_.ranks.resize(1);
    reference_.manifest.ranks = reference_.manifest.copies = 1;
    reference_.manifest.trial = to_string(reference_of(trial({options_.effective, 1, 1}), false));
    reference_.manifest.level = Level::full;
    if (options_.buffers) reference_.manifest.buffers = {"mean"};
    for (std::size_t w = 0; w < windows_.size(); ++w) {
        Step& step = reference_.ranks[0][w];
        if (judged(batches_, w)) trust(w, step);
        step.free_losses = {*step.loss, *step.loss};
        const std::vector<Flat> state = state_after(w);
        put(step, "param/", state[0]);
        put(step, "opt/exp_avg/", state[1]);
    }
}

void Synthetic::trust(std::size_t w, Step& step) const {
    const SyntheticWindow& window = windows_[w];
    const auto n = static_cast<std::int64_t>(window.samples.size());
    const auto share = [&](std::int64_t begin, std::int64_t end, double scale = 1) {
        const Slice slice{0, 0, begin, end};
        Flat gradient = backward(w, slice, window.total_units / scale);
        for (double& value : gradient) value = rounded(value / scale);
        return std::pair(std::move(gradient), loss(w, slice) / window.total_units);
    };
    std::vector<std::int64_t> singles;
    for (std::int64_t i = 1; i <= n; ++i) singles.push_back(i);
    std::vector<Flat> baselines;
    std::vector<double> losses;
    for (const std::vector<std::int64_t>& ends : {{n}, singles, {n / 3, n / 3 + 1, n}}) {
        baselines.emplace_back(elements_, 0);
        losses.push_back(0);
        std::int64_t begin = 0;
        for (const std::int64_t end : ends) {
            const auto [gradient, loss] = share(std::exchange(begin, end), end);
            for (std::size_t j = 0; j < elements_; ++j)
                baselines.back()[j] = rounded(baselines.back()[j] + gradient[j]);
            losses.back() += loss;
        }
    }
    baselines.push_back(share(0, n, 3).first);
    losses.push_back(share(0, n, 3).second);
    Trusted trusted{.sample_units = window.units, .exact_loss = losses[0]};
    Flat magnitude(elements_, 0), exact(elements_, 0);
    double exact_loss = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        const auto [gradient, loss] = share(i, i + 1);
        put(step, fmt::format("sample/{}/", i), gradient);
        for (std::size_t j = 0; j < elements_; ++j) {
            magnitude[j] += std::abs(gradient[j]);
            exact[j] += window.gradients[static_cast<std::size_t>(i)][j] / window.total_units;
        }
        exact_loss += window.losses[static_cast<std::size_t>(i)] / window.total_units;
        trusted.loss_magnitude += std::abs(loss);
    }
    const bool twin = options_.recipe != Recipe::fp64;  // in fp64 the single large batch is its own truth
    if (!twin) exact = baselines[0];
    if (twin) trusted.exact_loss = exact_loss;
    for (const double loss : losses) trusted.loss_errors.push_back(std::abs(loss - trusted.exact_loss));
    step.trusted = std::move(trusted);
    if (computes_narrow(options_.recipe)) {
        std::vector<double> errors;
        for (const Flat& baseline : baselines) {
            const double square = std::inner_product(exact.begin(), exact.end(), exact.begin(), 0.0);
            errors.push_back(
                std::abs(std::inner_product(baseline.begin(), baseline.end(), exact.begin(), 0.0) / square - 1));
        }
        step.tensors["projection"] = doubles_tensor(std::move(errors));
    }

    std::size_t begin = 0;
    for (const Parameter& parameter : options_.parameters) {
        const auto part = [&](const Flat& flat) { return std::span(flat).subspan(begin, count_of(parameter)); };
        std::vector<double> terms{*std::max_element(part(magnitude).begin(), part(magnitude).end())};
        for (const Flat& baseline : baselines) terms.push_back(largest_distance(part(baseline), part(exact)));
        step.tensors["scale/" + parameter.name] = doubles_tensor(std::move(terms));
        if (twin)
            step.tensors["exact/" + parameter.name] =
                tensor_of(Dtype::f64, parameter.shape, {part(exact).begin(), part(exact).end()});
        begin += count_of(parameter);
    }
}

}  // namespace isobatch
