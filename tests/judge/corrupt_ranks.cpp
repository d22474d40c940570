/// Ranks whose gradients did not meet as they should, and gradients that were written without their norm.
#include <cmath>

#include <fmt/format.h>

#include "tests/judge/corruption.h"
#include "tests/judge/edit.h"

namespace isobatch {

namespace {

using enum Check;

constexpr const char* gradients[] = {"grad/weight", "grad/twin", "grad/bias", "grad/key"};

/// The samples' shares of step k that `holds` says, instead of all: shares of ranks that were lost or counted twice.
std::function<void(Patient)> added(std::size_t k, int rank, double times,
                                   bool (*holds)(const Step&, const std::string&)) {
    return [=](Patient p) {
        const std::vector<std::string>& ids = p.yardstick.windows[k].samples;
        const Step first = p.step(k);
        for (std::size_t i = 0; i < ids.size(); ++i)
            if (holds(first, ids[i])) at(k, rank, [&](Step& step) { misweigh(step, p.reference[k], i, times); })(p);
    };
}

bool on_the_first_rank(const Step& first, const std::string& id) {
    for (const Micro& micro : first.micros)
        if (std::find(micro.samples.begin(), micro.samples.end(), id) != micro.samples.end()) return true;
    return false;
}
bool in_its_last_micro(const Step& first, const std::string& id) {
    const std::vector<std::string>& samples = first.micros.back().samples;
    return std::find(samples.begin(), samples.end(), id) != samples.end();
}

std::function<void(Patient)> times(std::size_t k, int rank, double by) {
    return at(k, rank, [by](Step& step) {
        for (const char* key : gradients) edit(step, key, [&](std::size_t, double g) { return by * g; });
    });
}

Damage damage(std::string what, std::size_t k, int rank, std::function<void(Patient)> make) {
    return {.name = fmt::format("{} {}", what, place_name(k, rank)),
            .red = {grad},
            .step = static_cast<std::int64_t>(k + 1),
            .rank = std::max(rank, 0),
            .make = std::move(make)};
}

/// A gradient that was changed after its norm was taken: the norm then tells as well.
Damage behind_the_norm(std::string what, std::size_t k, int rank, std::function<void(Patient)> make) {
    Damage one = damage(what + " after its norm was taken", k, rank, std::move(make));
    one.red.insert(norm);
    return one;
}

void exchange_the_ranks(Patient p) {
    for (const char* key : gradients) std::swap(p.step(1, 0).tensors.at(key), p.step(1, 1).tensors.at(key));
}

}  // namespace

Damages damages_of_ranks() {
    Damages damages;
    for (const std::size_t k : {std::size_t{0}, std::size_t{2}, std::size_t{5}})
        for (const int rank : {0, 1, all_ranks}) {
            damages.push_back(
                damage("a gradient without the first rank's part", k, rank, added(k, rank, -1, on_the_first_rank)));
            damages.push_back(
                damage("a gradient with the first rank's part twice", k, rank, added(k, rank, 1, on_the_first_rank)));
            damages.push_back(damage("a gradient without a micro", k, rank, added(k, rank, -1, in_its_last_micro)));
            damages.push_back(damage("a gradient that was summed for averaged", k, rank, times(k, rank, 2)));
            damages.push_back(damage("a gradient that was averaged twice", k, rank, times(k, rank, 0.5)));
        }
    damages = with_their_norms(damages);
    for (const std::size_t k : {std::size_t{1}, std::size_t{3}})
        for (const int rank : {0, 1, all_ranks}) {
            damages.push_back(behind_the_norm("a gradient doubled", k, rank, times(k, rank, 2)));
            damages.push_back(behind_the_norm("a gradient cleared", k, rank, times(k, rank, 0)));
            damages.push_back(behind_the_norm("a gradient clipped", k, rank, times(k, rank, 0.9)));
        }
    damages.push_back({.name = "a gradient of the other sign after its norm was taken",
                       .red = {grad},
                       .step = 3,
                       .make = times(2, all_ranks, -1)});
    damages.push_back({.name = "the gradients of two ranks exchanged",
                       .make = exchange_the_ranks,
                       .why = "after the reduction they are one gradient"});
    damages.push_back({.name = "a gradient doubled in a window that is not judged",
                       .make = times(4, all_ranks, 2),
                       .why = "the reference has no shares there: three windows and the epochs' edges are judged"});
    return damages;
}

}  // namespace isobatch
