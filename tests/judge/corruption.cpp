#include "tests/judge/corruption.h"

#include <fmt/format.h>

namespace isobatch {

std::function<void(Patient)> at(std::size_t k, int rank, std::function<void(Step&)> act) {
    return [=](Patient p) {
        for (int r = 0; r < static_cast<int>(p.trace.ranks.size()); ++r)
            if (rank == all_ranks || r == rank) act(p.step(k, static_cast<std::size_t>(r)));
    };
}

Damages with_their_norms(Damages damages) {
    for (Damage& damage : damages)
        damage.make = [make = damage.make](Patient p) {
            make(p);
            p.each_rank([](std::vector<Step>& steps) {
                for (Step& step : steps) record_norm(step, step.clip_threshold.value());
            });
        };
    return damages;
}

std::string place_name(std::size_t k, int rank) {
    return rank == all_ranks ? fmt::format("(step {}, all ranks)", k + 1)
                             : fmt::format("(step {}, rank {})", k + 1, rank);
}

Damages all_damages(Recipe recipe) {
    Damages all;
    for (Damages (*family)() :
         {damages_of_data, damages_of_ledgers, damages_of_weights, damages_of_tensors, damages_of_elements,
          damages_of_ranks, damages_of_steps, damages_of_events, damages_of_losses, damages_of_norms,
          damages_of_updates, damages_of_buffers, damages_of_manifests, damages_of_copies, damages_of_identities,
          damages_of_trajectories})
        for (Damage& damage : family()) all.push_back(std::move(damage));
    for (Damage& damage : damages_of_formats(recipe)) all.push_back(std::move(damage));
    return all;
}

}  // namespace isobatch
