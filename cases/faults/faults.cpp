#include "cases/faults/faults.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "base/error.h"
#include "cases/faults/timed.h"
#include "plan/exchange.h"
#include "plan/fault.h"

namespace isobatch {

void require_one_level(const Setup& setup) {
    if (parse_exchange(setup.trial.engine).inner > 1)
        throw Error("in two levels every micro-batch is exchanged in its own group, so this fault would be another",
                    "--fault", "leave out inner from --engine");
}

std::vector<std::size_t> without_the_largest(const std::vector<at::Tensor>& parameters) {
    std::vector<std::size_t> rest = every_one(parameters);
    rest.erase(std::max_element(rest.begin(), rest.end(), [&](std::size_t a, std::size_t b) {
        return parameters[a].numel() < parameters[b].numel();
    }));
    return rest;
}

void plant(const std::string& fault, Setup& setup) {
    const auto [entry, occasion] =
        parse_fault(fault);  // an unknown one is the user's error, one that no family plants is ours
    const std::string& id = entry->id;
    if (const std::string why = why_not_planted(*entry, setup.trial.device); !why.empty())
        throw Error(why, "--fault", fmt::format("add --device {}", entry->needs.device));
    const Decisions right = setup.decisions;
    const bool planted = plant_denominator(id, setup) || plant_accumulator(id, setup) || plant_clip(id, setup) ||
                         plant_synchronisation(id, setup) || plant_data(id, setup) || plant_schedule(id, setup) ||
                         plant_reporting(id, setup) || plant_precision(id, setup) || plant_statistics(id, setup) ||
                         plant_loss(id, setup);
    ISOBATCH_CHECK(planted, "every fault of the catalogue is planted by one family");
    if (occasion != Occasion()) setup.decisions = timed(setup, right, occasion);
}

}  // namespace isobatch
