#include "tests/judge/synthetic.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "base/seed.h"
#include "tests/judge/edit.h"

namespace isobatch {

namespace {

std::vector<std::int64_t> shuffled(std::int64_t samples, Random random) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(samples));
    std::iota(order.begin(), order.end(), 0);
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    return order;
}

/// One number for each element, that of "key" zero.
std::vector<double> random_gradient(const SyntheticOptions& options, Random& random) {
    std::vector<double> gradient;
    for (const Parameter& parameter : options.parameters)
        for (std::size_t j = 0; j < count_of(parameter); ++j)
            gradient.push_back(parameter.name == "key" ? 0 : random.normal());
    return gradient;
}

/// Samples with more units have larger gradients.
SyntheticWindow window_of(const SyntheticOptions& options, const Batch& batch) {
    SyntheticWindow window{.batch = batch};
    const auto epoch = static_cast<std::uint64_t>(batch.epoch);
    const auto order = shuffled(options.samples, Random(Seed{options.seed}.split("order").split(epoch)));
    Random random(Seed{options.seed}.split("data").split(epoch).split(static_cast<std::uint64_t>(batch.index)));
    const std::vector<double> common = random_gradient(options, random);
    for (std::int64_t i = 0; i < batch.samples; ++i) {
        window.samples.push_back(order[static_cast<std::size_t>(batch.begin + i)]);
        const double drawn = 1 + static_cast<double>(random.below(9));
        const double ragged = window.samples.back() == silent_sample ? 0 : drawn;
        const double units = options.lengths == Lengths::equal ? 4 : ragged;
        std::vector<double> gradient = random_gradient(options, random);
        for (std::size_t j = 0; j < gradient.size(); ++j)
            gradient[j] = units * (options.alike * common[j] + (1 - options.alike) * gradient[j]);
        window.units.push_back(units);
        window.gradients.push_back(std::move(gradient));
        window.losses.push_back(units * (1 + random.uniform()));
        window.total_units += units;
    }
    return window;
}

}  // namespace

void record_norm(Step& step, double threshold) {
    double squares = 0;
    for (const auto& [key, tensor] : step.tensors)
        if (key.starts_with("grad/"))
            for (const double value : as_doubles(tensor, key)) squares += value * value;
    step.grad_norm = std::sqrt(squares);
    step.clip_threshold = threshold;
    const double factor = threshold / (*step.grad_norm + 1e-6);
    step.clip_factor = factor > 1 ? 1 : factor;
}

WindowLayout layout_of(const SyntheticWindow& window, const Split& split, int copies) {
    WindowLayout layout;
    for (const Slice& micro : cut(window.batch.samples, split)) {
        const auto units = window.units.begin();
        const double longest = *std::max_element(units + micro.begin, units + micro.end);
        layout.micros.push_back({micro.place * copies, micro.micro, micro.size(),
                                 std::accumulate(units + micro.begin, units + micro.end, 0.0),
                                 longest * static_cast<double>(micro.size())});
    }
    layout.ragged = window.batch.samples < split.effective();
    layout.mesh = {.places = static_cast<int>(split.devices), .copies = copies};
    layout.accum = static_cast<int>(split.accum);
    return layout;
}

Synthetic::Synthetic(SyntheticOptions options)
    : options_(std::move(options)), batches_(batches_of(options_.samples, options_.effective, options_.epochs)) {
    for (const Parameter& parameter : options_.parameters) elements_ += count_of(parameter);
    for (const Batch& batch : batches_) windows_.push_back(window_of(options_, batch));
    make_reference();
    digest_ = content_digest(reference_);
}

Trial Synthetic::trial(const Split& split) const {
    return {.subject = "synthetic",
            .split = split,
            .recipe = options_.recipe,
            .seed = options_.seed,
            .samples = options_.samples,
            .lengths = options_.lengths,
            .epochs = options_.epochs,
            .copies = options_.copies};
}

double Synthetic::rounded(double value) const {
    return options_.recipe == Recipe::fp64 ? value : static_cast<double>(static_cast<float>(value));
}

void Synthetic::put(Step& step, const std::string& prefix, const Flat& flat) const {
    auto begin = flat.begin();
    for (const Parameter& parameter : options_.parameters) {
        const auto end = begin + static_cast<std::ptrdiff_t>(count_of(parameter));
        const Dtype dtype = options_.recipe == Recipe::fp64 ? Dtype::f64 : Dtype::f32;
        step.tensors[prefix + parameter.name] = tensor_of(dtype, parameter.shape, {begin, end});
        begin = end;
    }
}

/// What one backward adds. The same slice has the same rounding errors in every split, as the same kernel has.
Synthetic::Flat Synthetic::backward(std::size_t w, const Slice& micro, double divisor,
                                    const SyntheticLoop& loop) const {
    const double u = unit_roundoff(options_.recipe);
    const auto slice = static_cast<std::uint64_t>(micro.begin * 4096 + micro.end);
    Random noise(Seed{options_.seed}.split("noise").split(w).split(slice));
    Flat sum(elements_, 0);
    for (auto i = static_cast<std::size_t>(micro.begin); i < static_cast<std::size_t>(micro.end); ++i) {
        for (std::size_t j = 0; j < elements_; ++j) {
            const double exact = loop.weight(w, i) * windows_[w].gradients[i][j] / divisor;
            const double size =
                exact != 0 ? exact : windows_[w].units[i] / divisor;  // a zero keeps its neighbours' errors
            sum[j] = rounded(sum[j] + rounded(exact + u * noise.normal() * size));
        }
    }
    return sum;
}

double Synthetic::loss(std::size_t w, const Slice& micro) const {
    double sum = 0;
    for (auto i = static_cast<std::size_t>(micro.begin); i < static_cast<std::size_t>(micro.end); ++i)
        sum = rounded(sum + rounded(windows_[w].losses[i]));
    return sum;
}

Manifest Synthetic::manifest(const Split& split) const {
    return {.trial = to_string(trial(split)),
            .split = split,
            .engine = "serial",
            .device = "cpu",
            .recipe = options_.recipe,
            .contract = Contract{},
            .seed = options_.seed,
            .epochs = options_.epochs,
            .ranks = static_cast<int>(split.devices) * options_.copies,
            .copies = options_.copies,
            .parameters = options_.parameters,
            .follows = digest_.empty() ? std::nullopt : std::optional(digest_),
            .ended = {.complete = true}};
}

Step Synthetic::empty_step(std::size_t w, std::int64_t number) const {
    Step step;
    step.number = number;
    step.epoch = windows_[w].batch.epoch;
    step.loss = 0;
    const double done = static_cast<double>(number) / static_cast<double>(windows_.size());
    step.lr = {0.05 * (1 + std::cos(std::numbers::pi * done))};
    step.counters = {number, number, number, 0};
    step.step_ms = number == 1 ? 9 : 2;
    return step;
}

void Synthetic::accumulate(std::size_t w, const Split& split, const SyntheticLoop& loop, std::vector<Flat>& sums,
                           std::vector<Flat>& given, std::vector<Step>& steps) const {
    const WindowLayout layout = layout_of(windows_[w], split, options_.copies);
    const std::vector<Slice> slices = cut(windows_[w].batch.samples, split);
    for (std::size_t m = 0; m < slices.size(); ++m) {
        const auto rank = static_cast<std::size_t>(slices[m].place);
        if (loop.clears_before_micro) {
            sums[rank].assign(elements_, 0);
            steps[rank].events.emplace_back("zero");
        }
        const double divisor = loop.divisor(layout, layout.micros[m], static_cast<double>(split.devices));
        const double share = loop.arrives(layout, layout.micros[m]);
        Flat added = backward(w, slices[m], divisor, loop);
        for (double& value : added) value = rounded(value * share);
        const bool alone = loop.last_alone && split.devices > 1 && slices[m].micro + 1 == most_micros(layout);
        Flat& sum = alone ? given[rank] : sums[rank];
        for (std::size_t j = 0; j < elements_; ++j) {
            sum[j] = rounded(sum[j] + added[j]);
            if (loop.sums_in_bf16) sum[j] = rounded_to(8, sum[j]);
        }
        Micro micro{.index = slices[m].micro,
                    .units = layout.micros[m].units,
                    .padded_units = layout.micros[m].padded_units,
                    .loss = loss(w, slices[m]),
                    .weight = 1 / divisor};
        for (auto i = static_cast<std::size_t>(slices[m].begin); i < static_cast<std::size_t>(slices[m].end); ++i)
            micro.samples.push_back(std::to_string(windows_[w].samples[i]));
        *steps[rank].loss += micro.loss / divisor;
        steps[rank].events.push_back("backward " + std::to_string(micro.index));
        steps[rank].micros.push_back(std::move(micro));
        if (split.devices == 1 || !loop.exchanges) continue;
        if (slices[m].micro != loop.exchanged_with(micros_on(layout, layout.micros[m].rank))) continue;
        steps[rank].events.emplace_back("reduce");
        if (!loop.last_alone) given[rank] = std::exchange(sums[rank], Flat(elements_, 0));
    }
}

Synthetic::Flat Synthetic::reduced(const std::vector<Flat>& sums, double by) const {
    Flat mean(elements_, 0);
    for (const Flat& sum : sums)
        for (std::size_t j = 0; j < elements_; ++j) mean[j] = rounded(mean[j] + sum[j]);
    for (double& value : mean) value = rounded(value / by);
    return mean;
}

/// What came after a rank gave its gradient stays on that rank.
void Synthetic::exchange(const SyntheticLoop& loop, const std::vector<Flat>& given, std::vector<Flat>& sums) const {
    const auto ranks = static_cast<double>(sums.size());
    Flat shared = reduced(given, loop.reduced_by > 0 ? loop.reduced_by : ranks);
    for (double& value : shared)
        if (loop.exchanges_in_bf16) value = rounded_to(8, value);
    for (std::size_t rank = 0; rank < sums.size(); ++rank) {
        std::size_t j = 0;
        for (const Parameter& parameter : options_.parameters)
            for (const std::size_t end = j + count_of(parameter); j < end; ++j) {
                const double got = parameter.name == loop.left_out ? given[rank][j]
                                   : loop.keeps_own_part           ? rounded(given[rank][j] / ranks)
                                                                   : shared[j];
                sums[rank][j] = rounded(got + sums[rank][j]);
            }
    }
}

Trace Synthetic::candidate(const Split& split, const SyntheticLoop& loop) const {
    const auto devices = static_cast<std::size_t>(split.devices);
    Trace trace{manifest(split), std::vector<std::vector<Step>>(devices)};
    std::vector<Flat> sums(devices, Flat(elements_, 0));
    for (std::size_t w = 0; w < windows_.size(); ++w) {
        if (windows_[w].batch.samples < options_.effective && !loop.trains_on_tail) continue;
        std::vector<Step> steps(devices, empty_step(w, ++trace.manifest.steps));
        std::vector<Flat> given(devices, Flat(elements_, 0));
        accumulate(w, split, loop, sums, given, steps);
        if (devices > 1 && loop.exchanges) {
            for (std::size_t rank = 0; rank < devices; ++rank)
                if (steps[rank].micros.empty()) {
                    given[rank] = std::exchange(sums[rank], Flat(elements_, 0));
                    steps[rank].events.emplace_back("reduce");
                }
            exchange(loop, given, sums);
        }
        for (std::size_t rank = 0; rank < devices; ++rank) {
            put(steps[rank], "grad/", sums[rank]);
            put_forced(w, steps[rank]);
            if (options_.clip_norm > 0) {
                record_norm(steps[rank], options_.clip_norm);
                steps[rank].events.emplace_back("clip");
            }
            for (const char* event : {"step", "schedule"}) steps[rank].events.emplace_back(event);
            if (loop.clears_after_step) {
                sums[rank].assign(elements_, 0);
                steps[rank].events.emplace_back("zero");
            }
            trace.ranks[rank].push_back(std::move(steps[rank]));
        }
    }
    std::vector<std::vector<Step>> copies;
    for (const std::vector<Step>& place : trace.ranks)
        copies.insert(copies.end(), static_cast<std::size_t>(options_.copies), place);
    trace.ranks = std::move(copies);
    return trace;
}

}  // namespace isobatch
