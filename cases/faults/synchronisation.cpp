/// Faults of when, whether and how the ranks' gradients meet.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "cases/faults/faults.h"
#include "plan/exchange.h"

namespace isobatch {

namespace {

/// Ranks must exchange equally often, or DDP waits for ever: so with as many micros as the rank that has fewest.
bool with_all_that_every_rank_has(const Window& window, const Slice& micro) {
    std::int64_t fewest = window.micros_on(0);
    for (int place = 1; place < window.mesh.places; ++place) fewest = std::min(fewest, window.micros_on(place));
    return micro.micro + 1 < fewest || micro.micro + 1 == window.micros_on(micro.place);
}

/// Throws Error where the engine leaves a trainer no room for this fault.
void require_room(const std::string& id, const Setup& setup) {
    const Exchange exchange = parse_exchange(setup.trial.engine);
    const auto any_of = [&](std::initializer_list<const char*> ids) {
        return std::find(ids.begin(), ids.end(), id) != ids.end();
    };
    if (exchange.static_graph && any_of({"never-synced", "sum-over-devices"}))
        throw Error("a static graph is learnt in an exchange that is averaged whatever the trainer does", "--fault",
                    "leave out static from --engine");
    const bool buckets = exchange.in_buckets();
    if (buckets && any_of({"scaled-before-wait", "two-level-order"}))
        throw Error(
            "DDP waits for its buckets itself and reduces all that was accumulated, so this fault cannot be "
            "planted there",
            "--fault", "choose --engine gloo:flat or serial");
    if (!any_of({"replicated-partial", "two-level-order"})) require_one_level(setup);
}

}  // namespace

bool plant_synchronisation(const std::string& id, Setup& setup) {
    Decisions& decide = setup.decisions;
    if (id == "never-synced") {
        decide.exchanges = [](const Window&) { return false; };
    } else if (id == "no-sync-off-by-one") {
        decide.exchanges_with = [](const Window& window, const Slice& micro) {
            return micro.micro == std::max<std::int64_t>(window.micros_on(micro.place) - 2, 0);
        };
    } else if (id == "reduced-once") {
        decide.exchanges_with = [](const Window&, const Slice& micro) { return micro.micro == 0; };
    } else if (id == "no-sync-around-backward") {
        decide.exchanges_with = with_all_that_every_rank_has;
    } else if (id == "re-reduced-sum") {  // a sum of sums: each later exchange counts it once more for every rank
        decide.exchanges_with = with_all_that_every_rank_has;
        decide.arrives = [](const Window& window, const Slice& micro) {
            return std::pow(window.mesh.places, window.most_micros() - 1 - micro.micro);
        };
    } else if (id == "sum-over-devices") {
        decide.reduction = Reduction::sum;
    } else if (id == "scaled-before-wait") {
        decide.reduction = Reduction::own_part;
    } else if (id == "two-level-order") {
        decide.reduction = Reduction::last_alone;
    } else if (id == "replicated-partial") {
        decide.exchanged = without_the_largest;
    } else {
        return false;
    }
    require_room(id, setup);
    return true;
}

}  // namespace isobatch
