/// Parameters and optimizer state that another update leaves: from one bit to another tensor, from missing to more.
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "tests/judge/corruption.h"
#include "tests/judge/edit.h"

namespace isobatch {

namespace {

using enum Check;

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The next number of the tensor's own format.
double next_of(Dtype dtype, double value, double towards) {
    return dtype == Dtype::f32 ? std::nextafter(static_cast<float>(value), static_cast<float>(towards))
                               : std::nextafter(value, towards);
}

std::function<void(Step&)> one_ulp(const std::string& key, std::size_t index, double towards) {
    return [=](Step& step) {
        const Dtype dtype = step.tensors.at(key).dtype;
        edit(step, key, [&](std::size_t j, double v) { return j == index ? next_of(dtype, v, towards) : v; });
    };
}

std::function<void(Step&)> scaled(const std::string& key, double by) {
    return [=](Step& step) { edit(step, key, [&](std::size_t, double v) { return by * v; }); };
}

std::function<void(Step&)> in_its_place(const std::string& key, const std::string& other) {
    return [=](Step& step) { step.tensors[key] = step.tensors.at(other); };
}

std::function<void(Step&)> reshaped(const std::string& key) {
    return [=](Step& step) { step.tensors.at(key).shape = {static_cast<std::int64_t>(step.tensors.at(key).count())}; };
}

/// The same numbers, as far as the format holds them, in the other of fp32 and fp64.
std::function<void(Step&)> in_another_dtype(const std::string& key) {
    return [=](Step& step) {
        Tensor& tensor = step.tensors.at(key);
        tensor = tensor_of(tensor.dtype == Dtype::f32 ? Dtype::f64 : Dtype::f32, tensor.shape, as_doubles(tensor, key));
    };
}

struct Kind {
    Check check;
    std::string prefix;
};
const Kind kinds[] = {{param, "forced/param/"}, {opt, "forced/opt/exp_avg/"}};

struct Spot {
    std::size_t k;
    int rank;
};

struct Lie {
    std::string what;
    std::function<void(Step&)> tell;
};

/// Lies of one kind of tensor, each enough to be seen.
std::vector<Lie> lies(const std::string& prefix) {
    const std::string weight = prefix + "weight", twin = prefix + "twin", bias = prefix + "bias", key = prefix + "key";
    return {
        {"one ulp higher in " + weight, one_ulp(weight, 0, infinity)},
        {"one ulp lower in " + twin, one_ulp(twin, 29, -infinity)},
        {"one ulp from zero in " + bias, one_ulp(bias, 6, 0)},
        {"one ulp in the zero gradient's " + key, one_ulp(key, 2, infinity)},
        {"twice " + weight, scaled(weight, 2)},
        {"a thousandth less of " + twin, scaled(twin, 0.999)},
        {"the other sign of " + bias, scaled(bias, -1)},
        {"nothing in " + key, scaled(key, 0)},
        {"NaN in " + weight, scaled(weight, std::nan(""))},
        {"another parameter's " + twin, in_its_place(twin, weight)},
        {"the gradient for " + bias, in_its_place(bias, "grad/bias")},
        {"a row for " + weight, reshaped(weight)},
        {"another precision of " + bias, in_another_dtype(bias)},
        {"one more " + prefix, in_its_place(prefix + "stranger", bias)},
    };
}

Damage damage(std::string what, const Spot& spot, std::function<void(Patient)> make) {
    return {.name = fmt::format("{} {}", what, place_name(spot.k, spot.rank)),
            .step = static_cast<std::int64_t>(spot.k + 1),
            .rank = std::max(spot.rank, 0),
            .make = std::move(make)};
}

/// What was not recorded of one kind on one rank.
void add_missing(const Kind& kind, Damages& damages) {
    for (const Spot& spot : {Spot{0, 0}, Spot{3, 1}}) {
        damages.push_back(damage("no " + kind.prefix + "bias", spot,
                                 at(spot.k, spot.rank, [kind](Step& s) { s.tensors.erase(kind.prefix + "bias"); })));
        damages.back().unsure = {kind.check};
        damages.back().says = "does not hold \"" + kind.prefix + "bias\"";
        damages.push_back(damage("nothing of " + kind.prefix, spot, at(spot.k, spot.rank, [kind](Step& s) {
                                     std::erase_if(s.tensors, [&](const auto& entry) {
                                         return entry.first.starts_with(kind.prefix);
                                     });
                                 })));
        damages.back().unsure = {kind.check};
        damages.push_back(damage("a renamed " + kind.prefix, spot, at(spot.k, spot.rank, [kind](Step& s) {
                                     s.tensors[kind.prefix + "weights"] = s.tensors.at(kind.prefix + "weight");
                                     s.tensors.erase(kind.prefix + "weight");
                                 })));
        damages.back().red = {kind.check};
        damages.back().says = "which the reference has not";
    }
}

/// The state of the window before.
std::function<void(Patient)> stale(const std::string& key, std::size_t k, std::size_t rank) {
    return [=](Patient p) { p.step(k, rank).tensors[key] = p.step(k - 1, rank).tensors.at(key); };
}

void exchange_the_kinds(Step& step) {
    std::swap(step.tensors.at("forced/param/bias"), step.tensors.at("forced/opt/exp_avg/bias"));
}

}  // namespace

Damages damages_of_updates() {
    Damages damages;
    for (const Kind& kind : kinds) {
        for (const Lie& lie : lies(kind.prefix))
            for (const Spot& spot : {Spot{0, 0}, Spot{2, 1}, Spot{5, all_ranks}}) {
                damages.push_back(damage(lie.what, spot, at(spot.k, spot.rank, lie.tell)));
                damages.back().red = {kind.check};
                damages.back().says = fmt::format("step {} of rank {} leaves", spot.k + 1, damages.back().rank);
            }
        damages.push_back(damage(kind.prefix + " of the window before", {2, 1}, stale(kind.prefix + "weight", 2, 1)));
        damages.back().red = {kind.check};
        add_missing(kind, damages);
        damages.push_back(damage("no " + kind.prefix + " in a window that is not judged", {4, 0},
                                 at(4, 0, [kind](Step& s) { s.tensors.erase(kind.prefix + "bias"); })));
        damages.back().why = "no update is compared there";
    }
    for (const Check check : {param, opt}) {
        const std::string kind = check == param ? "param" : "opt";
        for (const Spot& spot : {Spot{0, 0}, Spot{3, 1}, Spot{5, all_ranks}}) {
            damages.push_back(damage("another " + kind + " than its own gradient asks for", spot,
                                     at(spot.k, spot.rank, [kind](Step& s) {
                                         s.made[kind] = {"xxh3:2", "xxh3:1", kind + "/bias"};
                                     })));
            damages.back().red = {check};
            damages.back().says = "\"" + kind + "/bias\" than a right update of its own gradient";
            damages.push_back(damage("nothing of what its own gradient made of " + kind, spot,
                                     at(spot.k, spot.rank, [kind](Step& s) { s.made.erase(kind); })));
            damages.back().unsure = {check};
            damages.back().says = "made of its own gradient";
        }
    }
    for (const Spot& spot : {Spot{0, 0}, Spot{3, 1}, Spot{5, all_ranks}}) {
        damages.push_back(
            damage("parameters that an infinite gradient changes", spot, at(spot.k, spot.rank, [](Step& s) {
                       s.made["overflow"] = {"xxh3:2", "xxh3:1", "param/bias"};
                   })));
        damages.back().red = {param};
        damages.back().says = "changes \"param/bias\" by an infinite gradient";
    }
    damages.push_back(damage("parameters and state exchanged", {1, 0}, at(1, 0, exchange_the_kinds)));
    damages.back().red = {param, opt};
    return damages;
}

}  // namespace isobatch
