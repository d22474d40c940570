/// Faults of when, whether and how the ranks' gradients meet.
#include <algorithm>

#include "base/error.h"
#include "cases/faults/faults.h"
#include "plan/exchange.h"

namespace isobatch {

namespace {

/// All but the largest.
std::vector<std::size_t> without_the_largest(const std::vector<at::Tensor>& parameters) {
    std::vector<std::size_t> rest = every_one(parameters);
    rest.erase(std::max_element(rest.begin(), rest.end(), [&](std::size_t a, std::size_t b) {
        return parameters[a].numel() < parameters[b].numel();
    }));
    return rest;
}

}  // namespace

bool plant_synchronisation(const std::string& id, Setup& setup) {
    Decisions& decide = setup.decisions;
    if (id == "never-synced") {
        decide.exchanges = [](const Window&) { return false; };
    } else if (id == "no-sync-off-by-one") {
        decide.exchanged_with = [](const Window& window, int rank) {
            return std::max<std::int64_t>(window.micros_on(rank) - 2, 0);
        };
    } else if (id == "reduced-once") {
        decide.exchanged_with = [](const Window&, int) { return std::int64_t{0}; };
    } else if (id == "sum-over-devices") {
        decide.reduction = Reduction::sum;
    } else if (id == "scaled-before-wait") {
        const Exchange exchange = parse_exchange(setup.trial.engine);
        if (exchange.backend == Exchange::Backend::gloo && !exchange.flat)
            throw Error("DDP waits for its buckets itself, so this fault cannot be planted there", "--fault",
                        "choose --engine gloo:flat or serial");
        decide.reduction = Reduction::own_part;
    } else if (id == "replicated-partial") {
        decide.exchanged = without_the_largest;
    } else {
        return false;
    }
    return true;
}

}  // namespace isobatch
