#include "run/twins.h"

#include <algorithm>

#include <fmt/format.h>

namespace isobatch {

namespace {

/// The gradients of a run, under the twin's name. `fits[k]`: whether the k-th step was the twin of anything.
void collect(const Trace& trace, const std::string& name, const std::vector<bool>& fits, Twins& twins) {
    const std::string gradient = "grad/";
    twins.resize(trace.ranks.size());
    for (std::size_t rank = 0; rank < trace.ranks.size(); ++rank) {
        twins[rank].resize(trace.ranks[rank].size());
        for (std::size_t k = 0; k < trace.ranks[rank].size(); ++k)
            for (const auto& [key, tensor] : trace.ranks[rank][k].tensors)
                if (fits.at(k) && key.starts_with(gradient))
                    twins[rank][k][fmt::format("twin/{}/{}", name, key.substr(gradient.size()))] = tensor;
    }
}

}  // namespace

Twins run_twins(const Setup& setup, const Forcing& reference, const std::function<Trace(const Setup&)>& run) {
    Twins twins;
    const std::vector<Identity> identities = parse_identities(setup.trial.identities);
    std::vector<Cut> cuts;
    for (const Batch& batch : setup.batches())
        if (setup.decisions.trains_on(setup.window(batch))) cuts.push_back(setup.cut_of(batch));
    if (!identities.empty()) collect(run(setup), "again", std::vector<bool>(cuts.size(), true), twins);
    for (const Identity identity : identities) {
        std::vector<bool> fits;
        for (const Cut& cut : cuts) fits.push_back(unfit(identity, cut).empty());
        if (std::find(fits.begin(), fits.end(), true) == fits.end()) continue;
        Setup twin = setup;
        twin.twin = identity;
        if (identity == Identity::strict) twin.quanta = [&](const Window& window) { return reference.quanta(window); };
        collect(run(twin), to_string(identity), fits, twins);
    }
    return twins;
}

}  // namespace isobatch
