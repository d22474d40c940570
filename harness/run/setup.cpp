#include "run/setup.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include <ATen/ops/isfinite.h>

#include "base/check.h"
#include "base/error.h"
#include "plan/exchange.h"
#include "run/device.h"
#include "run/random_cut.h"
#include "run/replica.h"

namespace isobatch {

std::span<const std::int64_t> Window::of(const Slice& micro) const {
    return std::span(samples).subspan(static_cast<std::size_t>(micro.begin), static_cast<std::size_t>(micro.size()));
}

namespace {

/// Of one of the window's slices, in a list of one number each.
double of_slice(const Window& window, const Slice& micro, const std::vector<double>& numbers) {
    const auto it = std::find(window.micros.begin(), window.micros.end(), micro);
    ISOBATCH_CHECK(it != window.micros.end(), "a slice of this window");
    return numbers[static_cast<std::size_t>(it - window.micros.begin())];
}

}  // namespace

double Window::units_of(const Slice& micro) const {
    return of_slice(*this, micro, micro_units);
}

bool Window::same_shape(const Slice& a, const Slice& b) const {
    return a.size() == b.size() && of_slice(*this, a, micro_padded_units) == of_slice(*this, b, micro_padded_units);
}

std::int64_t Window::micros_on(int place) const {
    return std::count_if(micros.begin(), micros.end(), [&](const Slice& micro) { return micro.place == place; });
}

std::int64_t Window::most_micros() const {
    return micros.empty() ? 0 : micros.back().micro + 1;  // in sampler order the last slice is of the last turn
}

std::vector<std::size_t> every_one(const std::vector<at::Tensor>& parameters) {
    std::vector<std::size_t> all(parameters.size());
    std::iota(all.begin(), all.end(), 0);
    return all;
}

std::optional<Clip> clip_to_the_case(const Window&, Replica& replica) {
    if (replica.clip_norm == 0) {
        if (replica.clip_value > 0) clip_by_value(replica.parameters, replica.clip_value);
        return std::nullopt;
    }
    return clip_by_norm(replica.parameters, replica.clip_norm);
}

bool has_overflown(const Window&, const Replica& replica) {
    if (loss_scale(replica.recipe) == 1) return false;
    return !std::all_of(replica.parameters.begin(), replica.parameters.end(), [](const at::Tensor& parameter) {
        return !parameter.grad().defined() || at::isfinite(parameter.grad()).all().item<bool>();
    });
}

std::vector<std::int64_t> epoch_order(std::int64_t samples, int epoch, Seed seed) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(samples));
    std::iota(order.begin(), order.end(), 0);
    shuffle(order, Random(seed.split("order").split(static_cast<std::uint64_t>(epoch))));
    return order;
}

std::vector<std::int64_t> Setup::order(int epoch) const {
    if (data.shuffled) return epoch_order(data.size(), epoch, Seed{trial.seed});
    std::vector<std::int64_t> order(static_cast<std::size_t>(data.size()));
    std::iota(order.begin(), order.end(), 0);
    return order;
}

std::vector<Batch> Setup::batches() const {
    return decisions.batches(batches_of(data.size(), trial.split.effective(), trial.epochs), trial.split);
}

Window Setup::window(const Batch& batch) const {
    const std::vector<std::int64_t> order = this->order(batch.epoch);
    Window window{batch, mesh_of(trial), {}, cut(batch.samples, trial.split), {}, 0};
    window.samples.assign(order.begin() + batch.begin, order.begin() + batch.begin + batch.samples);
    decisions.picks(*this, window);
    if (twin && unfit(*twin, cut_of(batch)).empty()) {
        window.micros = twin_of(*twin, window.micros, window.mesh.places);
        window.scale = scale_of(*twin);
    }
    for (const Slice& micro : window.micros) {
        double units = 0;
        for (const std::int64_t sample : window.of(micro))
            if (micro.weight != 0) units += data.units[static_cast<std::size_t>(sample)];
        window.micro_units.push_back(units);
        window.units += units;
        window.micro_padded_units.push_back(data.padded_units(window.of(micro)));
        if (micro.weight != 0) window.padded_units += window.micro_padded_units.back();
    }
    return window;
}

Cut Setup::cut_of(const Batch& batch) const {
    Cut result;
    result.micros.resize(static_cast<std::size_t>(trial.split.devices));
    for (const Slice& micro : cut(batch.samples, trial.split)) ++result.micros[static_cast<std::size_t>(micro.place)];
    result.couples_samples = subject->contract.couples_samples;
    result.learns_graph = batch.epoch == 1 && batch.index == 0 && parse_exchange(trial.engine).static_graph;
    return result;
}

std::int64_t Setup::trained_windows() const {
    std::int64_t trained = 0;
    for (const Batch& batch : batches()) {
        const Window own = window(batch);
        trained += !own.samples.empty() && decisions.trains_on(own);
    }
    return trained;
}

Examples Setup::examples(std::span<const std::int64_t> samples, at::ScalarType dtype) const {
    const at::Device device = device_of(trial.device);
    Examples examples = data.pick(samples);
    for (at::Tensor& tensor : examples) {
        if (tensor.is_floating_point())
            tensor = (trial.recipe == Recipe::bf16 ? tensor.to(at::kBFloat16) : tensor).to(dtype);
        tensor = tensor.to(device);
    }
    return examples;
}

Setup make_setup(const Trial& trial) {
    const Case& subject = find_case(trial.subject);
    prepare(device_of(trial.device),
            {.fused_attention = subject.fused_attention, .tf32 = trial.recipe == Recipe::tf32});
    // Its trusted runs may happen to need no rounding where a split does, so that E says nothing (measured: R of 4.55).
    if (subject.contract.exact && computes_narrow(trial.recipe))
        throw Error(fmt::format("the case {} is made for bits that {} has not", subject.name, to_string(trial.recipe)),
                    "--recipe", "choose fp64 or fp32, or another case");
    for (const Identity identity : parse_identities(trial.identities))
        if (trial.recipe == Recipe::fp16_autocast &&
            (identity == Identity::scale || identity == Identity::replicate_2 || identity == Identity::replicate_4 ||
             identity == Identity::strict))
            throw Error(fmt::format("{} scales the loss, and fp16 has too few exponents to be scaled bit for bit",
                                    to_string(identity)),
                        "--identities",
                        "choose another recipe, or name null-micro, swap-micros, swap-devices, one-device, "
                        "cancel-micros or cancel-devices");
    Dataset data =
        subject.make_data({trial.samples, trial.split.effective(), trial.lengths, Seed{trial.seed}.split("data")});
    const auto updates = std::ssize(batches_of(data.size(), trial.split.effective(), trial.epochs));
    if (trial.restart >= updates && trial.restart > 0)
        throw Error(fmt::format("none of the run's {} updates follows update {}", updates, trial.restart), "--restart",
                    "restart it earlier, or give more --epochs");
    return {&subject, trial, std::move(data), {}};
}

}  // namespace isobatch
