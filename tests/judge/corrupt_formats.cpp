/// Gradients in another precision, or with a form that no gradient has.
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "tests/judge/corruption.h"
#include "tests/judge/edit.h"

namespace isobatch {

namespace {

using enum Check;

/// One gradient through a narrower format and back.
std::function<void(Patient)> narrowed(std::size_t k, int rank, const std::string& name, int bits) {
    return at(k, rank, [=](Step& step) {
        edit(step, "grad/" + name, [&](std::size_t, double g) { return rounded_to(bits, g); });
    });
}

/// One gradient written in another format.
std::function<void(Patient)> written_as(std::size_t k, int rank, const std::string& name, Dtype dtype) {
    return at(k, rank, [=](Step& step) {
        Tensor& tensor = step.tensors.at("grad/" + name);
        std::vector<double> values = as_doubles(tensor, name);
        if (dtype == Dtype::bf16 || dtype == Dtype::f16)
            for (double& value : values)
                value = std::abs(value) < 0x1p-14 ? 0 : rounded_to(dtype == Dtype::bf16 ? 8 : 11, value);
        tensor = tensor_of(dtype, tensor.shape, values);
    });
}

/// Integers of as many elements.
std::function<void(Patient)> as_integers(std::size_t k, int rank, const std::string& name, Dtype dtype) {
    return at(k, rank, [=](Step& step) {
        Tensor& tensor = step.tensors.at("grad/" + name);
        const auto owner = std::make_shared<std::vector<std::byte>>(tensor.count() * bytes_of(dtype));
        tensor = {dtype, tensor.shape, *owner, owner};
    });
}

std::function<void(Patient)> resized(std::size_t k, int rank, const std::string& name, std::int64_t count) {
    return at(k, rank, [=](Step& step) {
        Tensor& tensor = step.tensors.at("grad/" + name);
        tensor = tensor_of(tensor.dtype, {count}, std::vector<double>(static_cast<std::size_t>(count), 0.5));
    });
}

struct Spot {
    std::size_t k;
    int rank;
    const char* name;
};
constexpr Spot spots[] = {{0, 0, "weight"}, {2, 1, "bias"}, {5, 0, "twin"}};

Damage red(const Spot& spot, const std::string& what, std::function<void(Patient)> make) {
    return {.name = fmt::format("{} {} {}", spot.name, what, place_name(spot.k, spot.rank)),
            .red = {grad},
            .step = static_cast<std::int64_t>(spot.k + 1),
            .rank = spot.rank,
            .make = std::move(make)};
}

Damage refused(const Spot& spot, const std::string& what, std::function<void(Patient)> make, const std::string& error) {
    return {.name = fmt::format("{} {} {}", spot.name, what, place_name(spot.k, spot.rank)),
            .make = std::move(make),
            .says = fmt::format("rank {}, step {}, tensor \"grad/{}\"", spot.rank, spot.k + 1, spot.name),
            .error = error};
}

Damage harmless(const Spot& spot, const std::string& what, std::function<void(Patient)> make, const std::string& why) {
    return {.name = fmt::format("{} {} {}", spot.name, what, place_name(spot.k, spot.rank)),
            .make = std::move(make),
            .why = why};
}

void add_narrow(const Spot& spot, Recipe recipe, Damages& damages) {
    const auto& [k, rank, name] = spot;
    damages.push_back(red(spot, "through bf16", narrowed(k, rank, name, 8)));
    damages.push_back(red(spot, "through fp16", narrowed(k, rank, name, 11)));
    damages.push_back(red(spot, "written as bf16", written_as(k, rank, name, Dtype::bf16)));
    damages.push_back(red(spot, "written as fp16", written_as(k, rank, name, Dtype::f16)));
    if (recipe == Recipe::fp64) {
        damages.push_back(red(spot, "through fp32", narrowed(k, rank, name, 24)));
        damages.push_back(red(spot, "written as fp32", written_as(k, rank, name, Dtype::f32)));
    } else {
        const std::string why = "these numbers need no more";
        damages.push_back(harmless(spot, "through fp32", narrowed(k, rank, name, 24), why));
        damages.push_back(harmless(spot, "written as fp32", written_as(k, rank, name, Dtype::f32), why));
    }
    damages.push_back(harmless(spot, "written as fp64", written_as(k, rank, name, Dtype::f64),
                               "a wider format holds the same numbers"));
}

}  // namespace

Damages damages_of_formats(Recipe recipe) {
    Damages damages;
    for (const Spot& spot : spots) add_narrow(spot, recipe, damages);
    damages = with_their_norms(damages);  // what follows has no norm, or no other
    for (const Spot& spot : spots) {
        const auto& [k, rank, name] = spot;
        for (const Dtype dtype : {Dtype::i64, Dtype::i32, Dtype::u8})
            damages.push_back(refused(spot, "as integers " + to_string(dtype), as_integers(k, rank, name, dtype),
                                      "a gradient of dtype " + to_string(dtype)));
        damages.push_back(refused(spot, "of one element", resized(k, rank, name, 1), "1 elements, the reference has"));
        damages.push_back(refused(spot, "of no element", resized(k, rank, name, 0), "0 elements, the reference has"));
        damages.push_back(refused(spot, "of too many elements", resized(k, rank, name, 64), "64 elements"));
        damages.push_back(
            refused(spot, "without a gradient",
                    at(k, rank, [key = std::string(name)](Step& step) { step.tensors.erase("grad/" + key); }),
                    "does not hold a gradient"));
        damages.push_back(harmless(spot, "in a row",
                                   at(k, rank,
                                      [key = std::string(name)](Step& step) {
                                          Tensor& tensor = step.tensors.at("grad/" + key);
                                          tensor.shape = {static_cast<std::int64_t>(tensor.count())};
                                      }),
                                   "the same numbers; a file whose tensors have other shapes than its parameters is "
                                   "refused by the reader"));
    }
    return damages;
}

}  // namespace isobatch
