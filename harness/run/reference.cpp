#include "run/reference.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>

#include <fmt/format.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/autograd.h>

#include "run/buffers.h"
#include "run/certificate.h"
#include "run/device.h"
#include "run/forward.h"
#include "run/loop.h"
#include "run/manifest_of.h"
#include "run/random_cut.h"
#include "run/random_state.h"
#include "run/serial_engine.h"
#include "run/shares.h"
#include "run/tensors.h"

namespace isobatch {

namespace {

/// The parts whose gradients are known: single samples; where a micro couples its samples, its micros.
Ends parts_of(const Setup& setup, const Window& window) {
    Ends ends;
    if (setup.subject->contract.couples_samples)
        for (const Slice& micro : window.micros) ends.push_back(static_cast<std::size_t>(micro.end));
    else
        for (std::size_t i = 1; i <= window.samples.size(); ++i) ends.push_back(i);
    return ends;
}

/// A cut into a half, what follows it, and the last sample alone.
Ends uneven_ends(std::size_t samples) {
    Ends ends;
    for (const std::size_t end : {samples / 2, samples - 1, samples})
        if (end > 0 && (ends.empty() || end > ends.back())) ends.push_back(end);
    return ends;
}

constexpr std::size_t few_parts = 3;

/// Of a window, as far as they are told apart: what factors their columns grows with the square of their number, and
/// what keeps them with the number times the parameters.
constexpr double most_units = 256;

/// What the last of the trusted runs scale by: no powers of two, as averages over so many ranks do. In a window of one
/// sample, or where nothing else needs rounding, the three others have no error, and the rounding of an average over
/// three ranks would look like a fault (measured: 787 times E + u·A). Where a model computes in few bits, each of them
/// rounds every micro in a way of its own, and a single one may happen to round the few entries of a small tensor to
/// nearly nothing: with one, two of 10,000 clean trials had 6.8 and 4.3 times E + u·A; with three the same have 1.0.
/// So may it in any recipe where the window has no more than a few parts, and with them hardly an order to differ in:
/// two of 10,000 fp64 windows, of one sample each on 7 and 11 ranks, had 18.2 and 17.3 with one.
std::span<const double> scales_in(Recipe recipe, std::size_t parts) {
    static constexpr std::array scales{3.0, 5.0, 7.0};
    return std::span(scales).first(computes_narrow(recipe) || parts <= few_parts ? scales.size() : 1);
}

/// What turns a plain run of the single large batch into a reference.
class Truster {
public:
    Truster(const Setup& setup, std::vector<Batch> batches, Columns columns)
        : setup_(&setup),
          batches_(std::move(batches)),
          by_units_(columns == Columns::units && setup.data.score_only && !setup.subject->contract.couples_samples) {
        Trial exact = setup.trial;
        exact.recipe = Recipe::fp64;
        if (setup.trial.recipe != Recipe::fp64) twin_.emplace(make_replica(*setup.subject, exact, 0, 1));
    }

    void operator()(const Window& window, const Replica& replica, Step& step) {
        const auto at =
            static_cast<std::size_t>(std::find(batches_.begin(), batches_.end(), window.batch) - batches_.begin());
        if (!judged(batches_, at)) return;
        const std::size_t n = window.samples.size();
        const Shares shares(*setup_, replica, window);
        Trusted trusted;

        const bool couples = setup_->subject->contract.couples_samples;
        const Ends parts = parts_of(*setup_, window), whole = couples ? parts : Ends{n};
        std::vector<std::vector<at::Tensor>> columns(replica.parameters.size());
        Share summed;
        std::size_t begin = 0;
        for (const std::size_t end : parts) {
            const Share share = shares.of(std::span(window.samples).subspan(begin, end - begin));
            for (std::size_t p = 0; p < columns.size(); ++p) {
                columns[p].push_back(share.gradients[p]);
                // A micro's stands with its first sample: of the others nobody knows a part of their own.
                columns[p].resize(end, at::zeros_like(share.gradients[p]));
            }
            trusted.loss_magnitude += std::abs(share.loss);
            add(summed, share);
            begin = end;
        }
        for (const std::int64_t sample : window.samples)
            trusted.sample_units.push_back(setup_->data.units[static_cast<std::size_t>(sample)]);
        Share own{{}, *step.loss};
        for (const at::Tensor& parameter : replica.parameters) own.gradients.push_back(gradient_of(parameter));
        const Random random(Seed{setup_->trial.seed}.split("baselines").split(at));
        std::vector<Share> baselines{own, summed, shares.sum(couples ? parts : random_ends(n, random))};
        for (const double scale : scales_in(replica.recipe, parts.size()))
            baselines.push_back(shares.sum(whole, scale));
        const Share exact = truth(window, whole, replica, own, trusted.exact_bits, step);

        trusted.exact_loss = exact.loss;
        for (const Share& baseline : baselines) trusted.loss_errors.push_back(std::abs(baseline.loss - exact.loss));
        double magnitude = 0;
        for (std::size_t p = 0; p < columns.size(); ++p)
            magnitude = std::max(magnitude, keep(replica.names[p], columns[p], baselines, exact.gradients[p], p, step));
        if (by_units_ && window.units <= most_units) keep_units(window, shares, replica, step);
        if (!setup_->subject->terms.empty()) keep_terms(window, in_fp64(replica), step);
        if (!couples && magnitude > 0) {
            const Share cut = Shares(*setup_, in_fp64(replica), window).sum(uneven_ends(n));
            for (std::size_t p = 0; p < columns.size(); ++p)
                trusted.coupling = std::max(
                    trusted.coupling, largest_entry(cut.gradients[p].sub(exact.gradients[p])) / (0x1p-53 * magnitude));
        }
        if (twin_ && computes_narrow(replica.recipe)) keep_projections(baselines, exact, step);
        step.trusted = std::move(trusted);
    }

private:
    /// The replica with these parameters in fp64, as its model has them: rounding them is no error of the gradient.
    const Replica& in_fp64(const Replica& replica) {
        if (!twin_) return replica;
        const at::NoGradGuard no_grad;
        for (std::size_t i = 0; i < replica.parameters.size(); ++i)
            twin_->parameters[i].copy_(replica.parameters[i].to(scalar_type(replica.recipe)));
        return *twin_;
    }

    /// The fp64 gradient at the same parameters; in fp64 the single large batch itself. Where the case is made to be
    /// exact, the pass is watched for the bits of its widest sum.
    Share truth(const Window& window, const Ends& whole, const Replica& replica, const Share& own,
                std::optional<double>& exact_bits, Step& step) {
        const bool watched = setup_->subject->contract.exact;
        if (!twin_ && !watched) return own;
        const Shares shares(*setup_, in_fp64(replica), window);  // its copies are not the pass's arithmetic
        Share exact;
        const auto pass = [&] { exact = shares.sum(whole); };
        if (watched)
            exact_bits = certify(pass).bits;
        else
            pass();
        if (!twin_) return own;
        for (std::size_t p = 0; p < exact.gradients.size(); ++p)
            step.tensors["exact/" + replica.names[p]] = view_of(exact.gradients[p]);
        return exact;
    }

    /// The shares of all samples lie in one block, and each `sample/<i>/<p>` is a view into it. A of the parameter.
    static double keep(const std::string& name, const std::vector<at::Tensor>& columns,
                       const std::vector<Share>& baselines, const at::Tensor& exact, std::size_t p, Step& step) {
        const at::Tensor block = at::stack(columns);
        const Tensor whole = view_of(block);
        const std::size_t bytes = whole.bytes.size() / columns.size();
        for (std::size_t i = 0; i < columns.size(); ++i)
            step.tensors[fmt::format("sample/{}/{}", i, name)] = {whole.dtype, columns[i].sizes().vec(),
                                                                  whole.bytes.subspan(i * bytes, bytes), whole.owner};
        std::vector<double> terms{largest_entry(block.abs().to(at::kDouble).sum(0))};
        for (const Share& baseline : baselines)
            terms.push_back(largest_entry(baseline.gradients[p].to(at::kDouble).sub(exact)));
        const double magnitude = terms.front();
        step.tensors["scale/" + name] = doubles_tensor(std::move(terms));
        return magnitude;
    }

    /// `units/<i>/<p>`: the shares of the window's i-th sample's scored units, one after another.
    void keep_units(const Window& window, const Shares& shares, const Replica& replica, Step& step) const {
        for (std::size_t i = 0; i < window.samples.size(); ++i) {
            const std::int64_t sample = window.samples[i];
            std::vector<std::vector<at::Tensor>> columns(replica.parameters.size());
            for (std::int64_t unit = 0;
                 static_cast<double>(unit) < setup_->data.units[static_cast<std::size_t>(sample)]; ++unit) {
                const Share share = shares.of_unit(sample, unit);
                for (std::size_t p = 0; p < columns.size(); ++p) columns[p].push_back(share.gradients[p]);
            }
            for (std::size_t p = 0; p < columns.size(); ++p)
                if (!columns[p].empty())
                    step.tensors[fmt::format("units/{}/{}", i, replica.names[p])] = view_of(at::stack(columns[p]));
        }
    }

    /// `term/<name>/<p>`: what of the gradient comes from each term that the window's loss has once.
    void keep_terms(const Window& window, const Replica& replica, Step& step) const {
        for (const auto& [name, term] : setup_->subject->terms) {
            const at::Tensor loss = forward(*setup_, replica, window.samples, term).div(window.denominator());
            const std::vector<at::Tensor> gradients =
                torch::autograd::grad({loss}, replica.parameters, {}, false, false, true);
            for (std::size_t p = 0; p < gradients.size(); ++p)
                if (gradients[p].defined())
                    step.tensors[fmt::format("term/{}/{}", name, replica.names[p])] = view_of(gradients[p]);
        }
    }

    /// Of each trusted run, how far what it has of the truth is from all of it.
    static void keep_projections(const std::vector<Share>& baselines, const Share& exact, Step& step) {
        std::vector<double> errors;
        for (const Share& baseline : baselines) {
            double product = 0, square = 0;
            for (std::size_t p = 0; p < exact.gradients.size(); ++p) {
                product += baseline.gradients[p].to(at::kDouble).mul(exact.gradients[p]).sum().item<double>();
                square += exact.gradients[p].square().sum().item<double>();
            }
            errors.push_back(square > 0 ? std::abs(product / square - 1) : 0);
        }
        step.tensors["projection"] = doubles_tensor(std::move(errors));
    }

    const Setup* setup_;
    std::vector<Batch> batches_;
    bool by_units_;
    std::optional<Replica> twin_;
};

}  // namespace

Trace make_reference(const Trial& trial, Columns columns, Recorder::Beats beats) {
    const Setup setup = make_setup(reference_of(trial, find_case(trial.subject).contract.couples_samples));
    const std::vector<Batch> batches = setup.batches();
    std::vector<Replica> replicas;
    replicas.push_back(make_replica(*setup.subject, setup.trial, 0, static_cast<std::int64_t>(batches.size())));
    const std::vector<Parameter> parameters = describe(replicas[0]);
    const std::vector<std::string> buffers = buffer_names(replicas[0]);
    SerialEngine engine(std::move(replicas), setup.decisions, {});
    MemorySink sink(1);
    Truster trusted(setup, batches, columns);
    Recorder recorder(
        sink, setup.data, Level::full, nullptr,
        [&](const Window& window, const Replica& replica, Step& step) { trusted(window, replica, step); },
        std::move(beats));
    const at::Device device = device_of(setup.trial.device);
    const std::string undrawn = random_state(device);
    train(setup, engine, recorder);
    if (random_state(device) != undrawn)
        throw Error(fmt::format("the case {} draws random numbers from the generator of the whole process, and no two "
                                "splits draw alike",
                                setup.subject->name),
                    "case",
                    "make each sample's random numbers a function of its own number, as cases/dropout.cpp does");
    sink.end(manifest_of(setup, Level::full, parameters, buffers,
                         static_cast<std::int64_t>(sink.trace().ranks[0].size()), std::nullopt));
    return sink.take();
}

}  // namespace isobatch
