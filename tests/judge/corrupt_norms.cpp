/// Norms that are not the gradient's, thresholds that are not the reference's, factors that do not follow.
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "tests/judge/corruption.h"
#include "tests/judge/edit.h"

namespace isobatch {

namespace {

using enum Check;

constexpr double infinity = std::numeric_limits<double>::infinity();

/// A norm by another rule: the p-norm of some gradients.
double norm_by(const Step& step, double p, const std::string& without = "") {
    double sum = 0;
    for (const auto& [key, tensor] : step.tensors)
        if (key.starts_with("grad/") && key != without)
            for (const double value : as_doubles(tensor, key)) sum += std::pow(std::abs(value), p);
    return std::pow(sum, 1 / p);
}

/// What follows of the norm follows rightly, so that only the norm is wrong and then what is multiplied.
void clip_by(Step& step, double norm) {
    step.grad_norm = norm;
    step.clip_factor = std::min(1.0, *step.clip_threshold / (norm + 1e-6));
}

struct Lie {
    const char* what;
    void (*tell)(Step&);
    const char* says;
};

const Lie lies[] = {
    {"the sum of absolute values for the norm", [](Step& s) { clip_by(s, norm_by(s, 1)); }, "the norm"},
    {"the norm without one parameter", [](Step& s) { clip_by(s, norm_by(s, 2, "grad/twin")); }, "the norm"},
    {"the norm without a small parameter", [](Step& s) { clip_by(s, norm_by(s, 2, "grad/bias")); }, "the norm"},
    {"the cubic norm", [](Step& s) { clip_by(s, norm_by(s, 3)); }, "the norm"},
    {"the square of the norm", [](Step& s) { clip_by(s, *s.grad_norm * *s.grad_norm); }, "the norm"},
    {"the norm of all ranks", [](Step& s) { clip_by(s, *s.grad_norm * std::sqrt(2)); }, "the norm"},
    {"a norm of zero", [](Step& s) { clip_by(s, 0); }, "the norm 0"},
    {"a norm of NaN", [](Step& s) { s.grad_norm = std::nan(""); }, "the norm nan"},
    {"an infinite norm", [](Step& s) { s.grad_norm = infinity; }, "the norm inf"},
    {"a norm of the other sign", [](Step& s) { *s.grad_norm = -*s.grad_norm; }, "the norm -"},
    {"no norm", [](Step& s) { s.grad_norm.reset(); }, "the norm nothing"},
    {"a factor of zero", [](Step& s) { s.clip_factor = 0; }, "the clip factor 0"},
    {"a factor of two", [](Step& s) { s.clip_factor = 2; }, "the clip factor 2"},
    {"a factor of the other sign", [](Step& s) { *s.clip_factor = -*s.clip_factor; }, "the clip factor -"},
    {"a factor of NaN", [](Step& s) { s.clip_factor = std::nan(""); }, "the clip factor nan"},
    {"an infinite factor", [](Step& s) { s.clip_factor = infinity; }, "the clip factor inf"},
    {"no factor", [](Step& s) { s.clip_factor.reset(); }, "the clip factor nothing"},
    {"a threshold one ulp higher", [](Step& s) { s.clip_threshold = std::nextafter(*s.clip_threshold, infinity); },
     "is clipped at"},
    {"a threshold of half", [](Step& s) { *s.clip_threshold /= 2; }, "is clipped at"},
    {"a threshold of zero", [](Step& s) { s.clip_threshold = 0; }, "is clipped at"},
    {"a threshold of NaN", [](Step& s) { s.clip_threshold = std::nan(""); }, "is clipped at"},
    {"no threshold", [](Step& s) { s.clip_threshold.reset(); }, "is not clipped"},
    {"nothing of a clip", [](Step& s) { s.clip_threshold = s.grad_norm = s.clip_factor = std::nullopt; },
     "is not clipped"},
};

struct Spot {
    std::size_t k;
    int rank;
};

Damage damage(const std::string& what, const Spot& spot, std::function<void(Patient)> make) {
    return {.name = fmt::format("{} {}", what, place_name(spot.k, spot.rank)),
            .red = {norm},
            .step = static_cast<std::int64_t>(spot.k + 1),
            .rank = std::max(spot.rank, 0),
            .make = std::move(make)};
}

/// So many roundings of the recipe away, where (30 elements + 4 tensors) / 2 + 6 = 23 are allowed.
std::function<void(Patient)> off_by(const Spot& spot, bool factor, double roundings) {
    return [=](Patient p) {
        const double by = 1 + roundings * unit_roundoff(p.yardstick.recipe);
        at(spot.k, spot.rank, [&](Step& step) { *(factor ? step.clip_factor : step.grad_norm) *= by; })(p);
    };
}

void add_lines(const Spot& spot, Damages& damages) {
    for (const bool factor : {false, true})
        for (const double roundings : {-30.0, -16.0, 16.0, 30.0}) {
            damages.push_back(damage(fmt::format("{} off by {} roundings", factor ? "a factor" : "a norm", roundings),
                                     spot, off_by(spot, factor, roundings)));
            if (std::abs(roundings) < 20) damages.back().red.clear(), damages.back().why = "a sum may be off by these";
        }
}

const Damages where_nobody_clips{
    {.name = "a threshold that the reference has not",
     .red = {norm},
     .step = 3,
     .rank = 1,
     .make = at(2, 1, [](Step& s) { s.clip_threshold = 2; }),
     .says = "is clipped at 2, the reference is not clipped",
     .ward = Ward::unclipped},
    {.name = "a threshold of zero that the reference has not",
     .red = {norm},
     .step = 1,
     .make = at(0, 0, [](Step& s) { s.clip_threshold = 0; }),
     .says = "is clipped at 0, the reference is not clipped",
     .ward = Ward::unclipped},
    {.name = "a clip that the reference has not",
     .red = {norm},
     .step = 1,
     .make = at(0, all_ranks, [](Step& s) { record_norm(s, 2); }),
     .ward = Ward::unclipped},
    {.name = "a norm where nobody clips",
     .make = at(0, 0, [](Step& s) { s.grad_norm = 1; }),
     .why = "a trainer may log a norm; nothing is made of it",
     .ward = Ward::unclipped},
};

/// A factor of one where the norm is above the threshold: clipping was disabled.
void forget_to_clip(Patient p) {
    p.each_rank([](std::vector<Step>& steps) {
        for (Step& step : steps) step.clip_factor = 1;
    });
}

}  // namespace

Damages damages_of_norms() {
    Damages damages = where_nobody_clips;
    for (const Lie& lie : lies)
        for (const Spot& spot : {Spot{0, 0}, Spot{2, 1}, Spot{5, all_ranks}}) {
            damages.push_back(damage(lie.what, spot, at(spot.k, spot.rank, lie.tell)));
            damages.back().says = lie.says;
        }
    for (const Spot& spot : {Spot{1, 0}, Spot{3, 1}}) add_lines(spot, damages);
    damages.push_back(damage("no clipping, seen", {1, all_ranks}, forget_to_clip));  // the first window needs none
    damages.push_back({.name = "another threshold in a window that is not judged",
                       .make = at(4, all_ranks, [](Step& s) { s.clip_threshold = 9; }),
                       .why = "its gradients were not recorded to be compared, so neither is its norm"});
    return damages;
}

}  // namespace isobatch
