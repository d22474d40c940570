/// One element of one gradient, on both sides of each line of the tolerance, and what is no number at all.
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "tests/judge/corruption.h"
#include "tests/judge/edit.h"

namespace isobatch {

namespace {

using enum Check;

struct Element {
    const char* name;
    std::size_t index, k;
    int rank;
};

constexpr Element elements[] = {{"weight", 0, 0, 0}, {"weight", 29, 3, 1}, {"twin", 17, 1, 1}, {"twin", 5, 5, 0},
                                {"bias", 6, 2, 0},   {"bias", 0, 5, 1},    {"key", 2, 0, 1},   {"key", 3, 3, 0}};

/// The element at so many allowed distances from the truth.
std::function<void(Patient)> moved(const Element& element, double distances) {
    return [=](Patient p) {
        for (const TensorScale& scale : p.yardstick.windows[element.k].tensors) {
            if (scale.name != element.name) continue;
            const double value =
                as_doubles(scale.truth, "truth")[element.index] + distances * scale.tolerance.allowed();
            edit(p.step(element.k, static_cast<std::size_t>(element.rank)), "grad/" + scale.name,
                 [&](std::size_t j, double g) { return j == element.index ? value : g; });
        }
    };
}

std::function<void(Patient)> set(const Element& element, double value) {
    return at(element.k, element.rank, [=](Step& step) {
        edit(step, std::string("grad/") + element.name,
             [&](std::size_t j, double g) { return j == element.index ? value : g; });
    });
}

Damage damage(const Element& element, const std::string& what) {
    return {.name = fmt::format("{}[{}] {} {}", element.name, element.index, what, place_name(element.k, element.rank)),
            .step = static_cast<std::int64_t>(element.k + 1),
            .rank = element.rank};
}

void add_lines(const Element& element, double sign, Damages& damages) {
    // An fp32 number beside a line is rounded by up to 1/64 of what is allowed, since no element is larger than A.
    struct Line {
        double distances;
        Outcome outcome;
    };
    for (const auto& [distances, outcome] : {Line{1.05, Outcome::divergent}, Line{0.95, Outcome::inconclusive},
                                             Line{0.145, Outcome::inconclusive}, Line{0.105, Outcome::equivalent}}) {
        Damage one = damage(element, fmt::format("{:+} allowed distances from the truth", sign * distances));
        one.make = moved(element, sign * distances);
        if (outcome == Outcome::divergent) one.red = {grad}, one.says = "from the truth";
        if (outcome == Outcome::inconclusive) one.unsure = {grad}, one.says = "suspect";
        if (outcome == Outcome::equivalent) one.why = "clean runs come this near to the line of the suspect";
        damages.push_back(std::move(one));
    }
}

}  // namespace

Damages damages_of_elements() {
    Damages damages;
    for (const Element& element : elements)
        for (const double sign : {-1.0, 1.0}) add_lines(element, sign, damages);
    constexpr double infinity = std::numeric_limits<double>::infinity();
    for (const Element& element : elements)
        for (const double value : {std::nan(""), infinity, -infinity}) {
            Damage one = damage(element, fmt::format("is {}", value));
            one.make = set(element, value);
            one.red = {grad, norm};  // nor has such a gradient a norm to clip by
            damages.push_back(std::move(one));
        }
    Damage small = damage(elements[6], "is the smallest number there is");
    small.make = set(elements[6], std::numeric_limits<float>::denorm_min());
    small.why = "the true gradient is zero: any rounding error is larger";
    damages.push_back(std::move(small));
    return with_their_norms(damages);
}

}  // namespace isobatch
