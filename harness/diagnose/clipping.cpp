#include "diagnose/clipping.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "diagnose/recover.h"
#include "judge/clip_factor.h"
#include "judge/judge.h"

namespace isobatch {

namespace {

double norm_of(const std::vector<double>& values) {
    return std::sqrt(std::inner_product(values.begin(), values.end(), values.begin(), 0.0));
}

/// Two norms of one gradient, each rounded on its way, agree to this; those of two shards by chance only.
bool near(double a, double b, Recipe recipe) {
    return std::abs(a - b) <= (recipe == Recipe::fp64 ? 1e-8 : 1e-4) * std::max(std::abs(a), std::abs(b));
}

/// Of the parameters' gradients on the first rank.
std::vector<double> norms_of(const Step& step, const WindowScale& scale) {
    std::vector<double> norms;
    for (const TensorScale& tensor : scale.tensors) {
        double squares = 0;
        each_block(gradient_of(step, tensor, 0), tensor.name, [&](std::span<const double> block) {
            for (const double value : block) squares += value * value;
        });
        norms.push_back(std::sqrt(squares));
    }
    return norms;
}

std::vector<Clipping> readings(const Step& step, const WindowScale& scale, const Mesh& mesh, Recipe recipe) {
    const std::vector<double> norms = norms_of(step, scale);
    const double own = norm_of(norms), said = *step.grad_norm, threshold = *step.clip_threshold;
    const auto has_factor = [&](double norm) { return near(*step.clip_factor, clip_factor(norm, threshold), recipe); };
    if (near(said, own, recipe) && *step.clip_factor == 1 && !has_factor(own)) return {Clipping::left_out};
    std::vector<Clipping> fitting;
    const auto fits = [&](Clipping clipping, bool holds) {
        if (holds) fitting.push_back(clipping);
    };
    fits(Clipping::told_another, has_factor(own) && !near(said, own, recipe));
    if (!has_factor(said)) return fitting;
    fits(Clipping::scaled, near(said, own * first_loss_scale, recipe));
    fits(Clipping::right, near(said, own, recipe));
    fits(Clipping::replicas_counted, mesh.ranks() > 1 && near(said, own * std::sqrt(mesh.ranks()), recipe));
    fits(Clipping::all_but_one, std::any_of(norms.begin(), norms.end(), [&](double norm) {
             return norm < own && near(said, std::sqrt(own * own - norm * norm), recipe);
         }));
    fits(Clipping::one_alone, std::any_of(norms.begin(), norms.end(), [&](double n) { return near(said, n, recipe); }));
    return fitting;
}

/// What a place's micros add to its own sum, whose mean over the places is the gradient.
std::vector<double> added_by(const WindowEvidence& window, const WindowScale& scale, int micro) {
    std::vector<double> sum;
    for (std::size_t t = 0; t < scale.tensors.size(); ++t) {
        const std::size_t begin = sum.size();
        sum.resize(begin + scale.tensors[t].truth.count());
        for (std::size_t i = 0; i < window.micro_of.size(); ++i) {
            if (window.micro_of[i] != micro) continue;
            const std::vector<double> share = as_doubles(scale.shares[i][t], "share");
            for (std::size_t j = 0; j < share.size(); ++j) sum[begin + j] += window.layout.mesh.places * share[j];
        }
    }
    return sum;
}

/// Clips the sums of each place after every micro but the last, and once more before the exchange.
void add_weights(WindowEvidence& window, const WindowScale& scale, double threshold) {
    const std::vector<MicroCount>& micros = window.layout.micros;
    window.clipped_each_micro.assign(micros.size(), 1);
    window.clipped_each_rank.assign(micros.size(), 1);
    for (std::size_t first = 0; first < micros.size();) {  // in the order rank, micro
        std::vector<double> clipped, whole;
        std::size_t m = first;
        for (; m < micros.size() && micros[m].rank == micros[first].rank; ++m) {
            const std::vector<double> added = added_by(window, scale, static_cast<int>(m));
            clipped.resize(added.size());
            whole.resize(added.size());
            for (std::size_t j = 0; j < added.size(); ++j) clipped[j] += added[j], whole[j] += added[j];
            if (m + 1 == micros.size() || micros[m + 1].rank != micros[first].rank) continue;
            const double factor = clip_factor(norm_of(clipped), threshold);
            for (double& value : clipped) value *= factor;
            for (std::size_t other = first; other <= m; ++other) window.clipped_each_micro[other] *= factor;
        }
        const double factor = window.layout.mesh.places > 1 ? clip_factor(norm_of(whole), threshold) : 1;
        std::fill(window.clipped_each_rank.begin() + static_cast<std::ptrdiff_t>(first),
                  window.clipped_each_rank.begin() + static_cast<std::ptrdiff_t>(m), factor);
        first = m;
    }
}

}  // namespace

std::string to_string(Clipping clipping) {
    switch (clipping) {
        case Clipping::right:
            return "right";
        case Clipping::left_out:
            return "left-out";
        case Clipping::replicas_counted:
            return "replicas-counted";
        case Clipping::all_but_one:
            return "all-but-one";
        case Clipping::one_alone:
            return "one-alone";
        case Clipping::scaled:
            return "scaled";
        case Clipping::told_another:
            return "told-another";
    }
    broken_promise("clipping", "unknown clipping", __FILE__, __LINE__);
}

std::string meaning(Clipping clipping) {
    switch (clipping) {
        case Clipping::right:
            return "by its gradient's norm";
        case Clipping::left_out:
            return "by nothing";
        case Clipping::replicas_counted:
            return "by a norm that counts every rank";
        case Clipping::all_but_one:
            return "by the norm of all parameters but one";
        case Clipping::one_alone:
            return "by the norm of one parameter";
        case Clipping::scaled:
            return "by the norm of its gradient times a loss scale";
        case Clipping::told_another:
            return "by its gradient's norm, and tells another";
    }
    broken_promise("clipping", "unknown clipping", __FILE__, __LINE__);
}

void add_clipping(Evidence& evidence, const Yardstick& yardstick, const Trace& candidate) {
    for (WindowEvidence& window : evidence.windows) {
        const WindowScale* scale = scale_of(yardstick, window);
        if (scale == nullptr || window.step > std::ssize(candidate.ranks[0])) continue;
        const Step& step = candidate.ranks[0][static_cast<std::size_t>(window.step - 1)];
        // Of the gradient itself: what is told may be the norm of something else, as of a device without a sample.
        if (scale->clip_threshold) window.layout.norm = norm_of(norms_of(step, *scale)) / *scale->clip_threshold;
        if (scale->clip_threshold && !step.clip_threshold)  // a trainer that never clips records nothing
            window.clipping = {window.layout.norm > 1 ? Clipping::left_out : Clipping::right};
        if (!step.grad_norm || !step.clip_threshold || !step.clip_factor) continue;
        window.clipping = readings(step, *scale, window.layout.mesh, yardstick.recipe);
        add_weights(window, *scale, *step.clip_threshold);
    }
}

}  // namespace isobatch
