/// Runs that follow nothing and have other losses.
#include <limits>

#include "tests/judge/corruption.h"

namespace isobatch {

namespace {

using enum Check;

std::function<void(Step&)> scaled(double by) {
    return [by](Step& step) { step.free_losses.at(0) *= by; };
}

}  // namespace

Damages damages_of_trajectories() {
    const auto red = [](const std::string& name, std::size_t k, int rank, std::function<void(Step&)> act) {
        return Damage{.name = "trajectory: " + name + " " + place_name(k, rank),
                      .red = {trajectory},
                      .step = static_cast<std::int64_t>(k + 1),
                      .rank = 0,  // a loss is of all places
                      .make = at(k, rank, std::move(act)),
                      .says = "in a run of its own step",
                      .ward = Ward::free};
    };
    Damages damages{
        red("a loss that is off by a ten thousandth", 0, all_ranks, scaled(1 + 1e-4)),
        red("a loss that is off by a ten thousandth", 5, all_ranks, scaled(1 + 1e-4)),
        red("the loss of one rank", 2, 1, scaled(1.01)),
        red("a loss of nothing", 1, all_ranks, scaled(0)),
        red("a loss that is no number", 4, 1, scaled(std::numeric_limits<double>::quiet_NaN())),
        red("an infinite loss", 3, all_ranks, scaled(std::numeric_limits<double>::infinity())),
        {.name = "trajectory: every loss too large from the second step on",
         .red = {trajectory},
         .step = 2,
         .make =
             [](Patient p) {
                 p.each_rank([](std::vector<Step>& steps) {
                     for (std::size_t k = 1; k < steps.size(); ++k) steps[k].free_losses[0] *= 1.001;
                 });
             },
         .says = "in a run of its own step 2",
         .ward = Ward::free},
    };
    for (const auto& [name, act] : std::vector<std::pair<std::string, std::function<void(Step&)>>>{
             {"no loss", [](Step& step) { step.free_losses.clear(); }},
             {"two losses", [](Step& step) { step.free_losses.push_back(1); }}})
        damages.push_back({.name = "trajectory: " + name + " of one rank",
                           .step = 3,
                           .rank = 0,
                           .make = at(2, 1, act),
                           .unsure = {trajectory},
                           .says = "was not recorded on every rank",
                           .ward = Ward::free});
    damages.push_back({.name = "trajectory: a loss that is off by rounding",
                       .make = at(2, all_ranks, scaled(1 + 0x1p-52)),
                       .why = "trusted runs differ by as much",
                       .ward = Ward::free});
    return damages;
}

}  // namespace isobatch
