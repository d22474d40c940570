#include "plan/mesh.h"

#include <numeric>

#include <fmt/format.h>

#include "base/error.h"
#include "plan/exchange.h"

namespace isobatch {

Mesh mesh_of(const Trial& trial) {
    if (trial.split.devices > max_ranks / trial.copies)
        throw Error(fmt::format("{} devices of {} ranks each", trial.split.devices, trial.copies), "--splits",
                    fmt::format("a trial may have {} ranks: bound them with --max-devices", max_ranks));
    const auto places = static_cast<int>(trial.split.devices);
    return {places, trial.copies, std::gcd(places, parse_exchange(trial.engine).inner)};
}

std::int64_t places_in(std::int64_t ranks, std::int64_t copies) {
    if (copies < 1 || copies > max_copies)
        throw Error(fmt::format("--copies is {}", copies), "--copies",
                    fmt::format("give a whole number from 1 to {}", max_copies));
    if (ranks > 0 && ranks < copies)
        throw Error(fmt::format("{} devices cannot hold {} copies of one's samples", ranks, copies), "--copies",
                    fmt::format("allow at least {} with --max-devices, or give fewer copies", copies));
    return ranks / copies;
}

}  // namespace isobatch
