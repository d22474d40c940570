/// One tensor that is another: scaled, exchanged, rearranged or of another time.
#include <cmath>

#include <fmt/format.h>

#include "tests/judge/corruption.h"
#include "tests/judge/edit.h"

namespace isobatch {

namespace {

using enum Check;

struct Spot {
    std::size_t k;
    int rank;
};
constexpr Spot spots[] = {{0, 0}, {2, 1}, {5, 0}, {3, all_ranks}};

/// The numbers of one tensor, changed as a whole.
using Change = std::vector<double> (*)(std::vector<double>);

std::vector<double> scaled(std::vector<double> values, double by) {
    for (double& value : values) value *= by;
    return values;
}

struct Rearranged {
    const char* what;
    const char* name;
    Change change;
};

const Rearranged rearranged[] = {
    {"a hundredth larger", "weight", [](std::vector<double> v) { return scaled(v, 1.01); }},
    {"a hundredth smaller", "twin", [](std::vector<double> v) { return scaled(v, 0.99); }},
    {"a hundredth larger", "bias", [](std::vector<double> v) { return scaled(v, 1.01); }},
    {"a two-thousandth larger", "weight", [](std::vector<double> v) { return scaled(v, 1.0005); }},
    {"of twice its size", "bias", [](std::vector<double> v) { return scaled(v, 2); }},
    {"of half its size", "twin", [](std::vector<double> v) { return scaled(v, 0.5); }},
    {"of the other sign", "weight", [](std::vector<double> v) { return scaled(v, -1); }},
    {"of the other sign", "bias", [](std::vector<double> v) { return scaled(v, -1); }},
    {"all zeros", "twin", [](std::vector<double> v) { return scaled(v, 0); }},
    {"all zeros", "bias", [](std::vector<double> v) { return scaled(v, 0); }},
    {"backwards", "bias", [](std::vector<double> v) { return std::vector<double>(v.rbegin(), v.rend()); }},
    {"moved by one element", "weight",
     [](std::vector<double> v) {
         std::rotate(v.begin(), v.begin() + 1, v.end());
         return v;
     }},
    {"moved by one row", "twin",
     [](std::vector<double> v) {
         std::rotate(v.begin(), v.begin() + 5, v.end());
         return v;
     }},
    {"transposed", "weight",
     [](std::vector<double> v) {
         std::vector<double> t(v.size());
         for (std::size_t i = 0; i < 6; ++i)
             for (std::size_t j = 0; j < 5; ++j) t[j * 6 + i] = v[i * 5 + j];
         return t;
     }},
    {"with two elements exchanged", "bias",
     [](std::vector<double> v) {
         std::swap(v[1], v[4]);
         return v;
     }},
    {"without its last row", "weight",
     [](std::vector<double> v) {
         std::fill(v.end() - 5, v.end(), 0.0);
         return v;
     }},
    {"with one element doubled", "twin",
     [](std::vector<double> v) {
         v[11] *= 2;
         return v;
     }},
    {"with one element flipped", "weight",
     [](std::vector<double> v) {
         v[23] = -v[23];
         return v;
     }},
    {"with its first element everywhere", "twin", [](std::vector<double> v) { return std::vector(v.size(), v[0]); }},
    {"of its absolute values", "weight",
     [](std::vector<double> v) {
         for (double& value : v) value = std::abs(value);
         return v;
     }},
    {"clipped element by element", "twin",
     [](std::vector<double> v) {
         for (double& value : v) value = std::clamp(value, -0.05, 0.05);
         return v;
     }},
};

std::function<void(Patient)> changed(const Spot& spot, const Rearranged& what) {
    return at(spot.k, spot.rank, [what](Step& step) {
        const std::string key = std::string("grad/") + what.name;
        const std::vector<double> values = what.change(as_doubles(step.tensors.at(key), key));
        edit(step, key, [&](std::size_t j, double) { return values[j]; });
    });
}

struct Exchanged {
    const char* what;
    void (*exchange)(Patient, std::size_t k, std::size_t rank);
};

const Exchanged exchanged[] = {
    {"the gradients of two parameters exchanged",
     [](Patient p, std::size_t k, std::size_t rank) {
         std::swap(p.step(k, rank).tensors.at("grad/weight"), p.step(k, rank).tensors.at("grad/twin"));
     }},
    {"one parameter's gradient for two",
     [](Patient p, std::size_t k, std::size_t rank) {
         p.step(k, rank).tensors["grad/twin"] = p.step(k, rank).tensors.at("grad/weight");
     }},
    {"one gradient of the window before",
     [](Patient p, std::size_t k, std::size_t rank) {
         p.step(k, rank).tensors["grad/bias"] = p.step(k - 1, rank).tensors.at("grad/bias");
     }},
    {"all gradients of the window before",
     [](Patient p, std::size_t k, std::size_t rank) {
         for (const char* key : {"grad/weight", "grad/twin", "grad/bias", "grad/key"})
             p.step(k, rank).tensors[key] = p.step(k - 1, rank).tensors.at(key);
     }},
    {"one gradient of the first window",
     [](Patient p, std::size_t k, std::size_t rank) {
         p.step(k, rank).tensors["grad/weight"] = p.step(0, rank).tensors.at("grad/weight");
     }},
    {"a parameter in place of its gradient",
     [](Patient p, std::size_t k, std::size_t rank) {
         p.step(k, rank).tensors["grad/weight"] = p.step(k, rank).tensors.at("forced/param/weight");
     }},
    {"one sample's gradient in place of all",
     [](Patient p, std::size_t k, std::size_t rank) {
         p.step(k, rank).tensors["grad/weight"] = p.reference[k].tensors.at("sample/0/weight");
     }},
};

}  // namespace

Damages damages_of_tensors() {
    Damages damages;
    for (const Rearranged& what : rearranged)
        for (const Spot& spot : spots)
            damages.push_back(
                {.name = fmt::format("a gradient {}: {} {}", what.what, what.name, place_name(spot.k, spot.rank)),
                 .red = {grad},
                 .step = static_cast<std::int64_t>(spot.k + 1),
                 .rank = std::max(spot.rank, 0),
                 .make = changed(spot, what),
                 .says = std::string(what.name) + "["});
    for (const Exchanged& what : exchanged)
        for (const Spot& spot : {Spot{1, 0}, Spot{5, 1}})
            damages.push_back(
                {.name = fmt::format("{} {}", what.what, place_name(spot.k, spot.rank)),
                 .red = {grad},
                 .step = static_cast<std::int64_t>(spot.k + 1),
                 .rank = spot.rank,
                 .make = [=](Patient p) { what.exchange(p, spot.k, static_cast<std::size_t>(spot.rank)); }});
    return with_their_norms(damages);
}

}  // namespace isobatch
