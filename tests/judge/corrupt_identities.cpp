/// Twins that are not what a right trainer leaves.
#include <cmath>
#include <limits>

#include "tests/judge/corruption.h"
#include "tests/judge/edit.h"

namespace isobatch {

namespace {

using enum Check;

std::function<void(Step&)> edited(const std::string& key, std::function<double(std::size_t, double)> act) {
    return [=](Step& step) { edit(step, key, act); };
}

double next(const Step& step, const std::string& key, double value) {
    return step.tensors.at(key).dtype == Dtype::f32
               ? static_cast<double>(std::nextafter(static_cast<float>(value), 9.f))
               : std::nextafter(value, 9);
}

}  // namespace

Damages damages_of_identities() {
    const auto halved = [](std::size_t, double v) { return v / 2; };
    const auto red = [](const std::string& name, std::size_t k, int rank, std::function<void(Step&)> act,
                        const std::string& says) {
        return Damage{.name = name + " " + place_name(k, rank),
                      .red = {identity},
                      .step = static_cast<std::int64_t>(k + 1),
                      .rank = rank == all_ranks ? 0 : rank,
                      .make = at(k, rank, std::move(act)),
                      .says = says,
                      .ward = Ward::twins};
    };
    const auto one_ulp = [](Step& step) {
        const std::string key = "twin/null-micro/weight";
        edit(step, key, [&](std::size_t j, double v) { return j == 4 ? next(step, key, v) : v; });
    };
    Damages damages{
        red("a null micro that changes the last bit", 1, 1, one_ulp, "weight[4]"),
        red("a null micro that changes the last bit", 2, all_ranks, one_ulp, "1 of the 30 elements"),
        red("a scaled loss that was not divided again", 0, all_ranks,
            edited("twin/scale/bias", [](std::size_t, double v) { return 1024 * v; }), "scale does not hold"),
        red(
            "a cancelled window that leaves half of it", 5, 0,
            [](Step& step) { step.tensors["twin/cancel-micros/bias"] = step.tensors["grad/bias"]; },
            "instead of 0x0p+0"),
        red("a cancelled window that leaves NaN", 2, 1,
            edited("twin/cancel-micros/key",
                   [](std::size_t, double) { return std::numeric_limits<double>::quiet_NaN(); }),
            "key[0] is nan"),
        red("what one device cancels less than the other", 1, 0,
            edited("twin/cancel-devices/twin", [](std::size_t j, double v) { return j == 29 ? 1e-30 : v; }),
            "twin[29]"),
        red("half of a null micro's window", 3, 1, edited("twin/null-micro/twin", halved), "30 of the 30 elements"),
        red(
            "the twin of another parameter", 1, 1,
            [](Step& step) { step.tensors["twin/scale/weight"] = step.tensors["grad/twin"]; }, "weight[0]"),
        red(
            "the twin of a smaller parameter", 1, 1,
            [](Step& step) { step.tensors["twin/scale/weight"] = step.tensors["grad/key"]; }, "another dtype or shape"),
    };
    const auto unsure = [&](const std::string& name, std::function<void(Step&)> act, const std::string& says) {
        damages.push_back({.name = name,
                           .step = 2,
                           .rank = 1,
                           .make = at(1, 1, std::move(act)),
                           .unsure = {identity},
                           .says = says,
                           .ward = Ward::twins});
    };
    unsure(
        "a twin that was not recorded", [](Step& s) { s.tensors.erase("twin/scale/key"); }, "twin/scale/key");
    unsure(
        "no second run", [](Step& s) { s.tensors.erase("twin/again/key"); }, "twin/again/key");
    unsure("a second run that differs", edited("twin/again/twin", halved), "not deterministic");
    damages.push_back({.name = "a cancelled window that leaves a negative zero",
                       .make = at(1, all_ranks, edited("twin/cancel-micros/bias", [](auto, double) { return -0.0; })),
                       .why = "the sign of a zero depends on the order where no value does",
                       .ward = Ward::twins});
    damages.push_back({.name = "a twin in a window that is not judged",
                       .make = at(4, all_ranks, edited("twin/scale/bias", halved)),
                       .why = "nothing is asked of that window",
                       .ward = Ward::twins});
    return damages;
}

}  // namespace isobatch
