/// Faults of which samples a window holds.
#include "cases/faults/faults.h"
#include "cases/faults/held.h"

namespace isobatch {

namespace {

/// Another number of samples than the sampler's, cut as usual.
void resize(const Setup& setup, Window& window, std::size_t samples) {
    const std::vector<std::int64_t> order = setup.order(window.batch.epoch);
    // What is missing is taken from the epoch's beginning, as samplers that pad do.
    const std::size_t held = window.samples.size();
    for (std::size_t i = held; i < samples; ++i) window.samples.push_back(order[(i - held) % order.size()]);
    window.samples.resize(samples);
    window.micros = cut(static_cast<std::int64_t>(samples), setup.trial.split);
}

/// How many samples of a tail are too many for the places to have the same number.
std::size_t excess(const Window& window) {
    return window.samples.size() % static_cast<std::size_t>(window.mesh.places);
}

/// Every micro of a place reads what its first one read.
void repeat_the_first(const Setup&, Window& window) {
    for (const Slice& micro : window.micros)
        for (const Slice& first : window.micros)
            if (micro.micro > 0 && first.micro == 0 && first.place == micro.place)
                std::copy_n(window.samples.begin() + first.begin, micro.size(), window.samples.begin() + micro.begin);
}

/// What the first micro of every place holds is all there is.
void keep_the_first(const Setup&, Window& window) {
    Places places = places_of(window);
    for (auto& [place, micros] : places) micros.resize(1);
    hold(window, places);
}

/// All places but the first draw from an order that is one sample ahead.
void draw_apart(const Setup& setup, Window& window) {
    const std::vector<std::int64_t> order = setup.order(window.batch.epoch);
    for (const Slice& micro : window.micros)
        for (std::int64_t i = micro.begin; micro.place > 0 && i < micro.end; ++i)
            window.samples[static_cast<std::size_t>(i)] =
                order[static_cast<std::size_t>(window.batch.begin + i + 1) % order.size()];
}

}  // namespace

bool plant_data(const std::string& id, Setup& setup) {
    auto& picks = setup.decisions.picks;
    if (id == "same-batch-repeated") {
        picks = repeat_the_first;
    } else if (id == "truncated-after-retry") {
        picks = keep_the_first;
    } else if (id == "per-rank-sampler-seed") {
        picks = draw_apart;
    } else if (id == "epoch-not-set") {
        picks = [](const Setup& own, Window& window) {  // as a DistributedSampler without set_epoch
            if (window.mesh.places == 1) return;
            const std::vector<std::int64_t> first = own.order(1);
            std::copy_n(first.begin() + window.batch.begin, window.batch.samples, window.samples.begin());
        };
    } else if (id == "sampler-padding-duplicates") {
        picks = [](const Setup& own, Window& window) {
            if (const std::size_t extra = excess(window); extra > 0)
                resize(own, window, window.samples.size() - extra + static_cast<std::size_t>(window.mesh.places));
        };
    } else if (id == "ragged-rank-streams") {
        picks = [](const Setup& own, Window& window) {
            if (const std::size_t extra = excess(window); extra > 0) resize(own, window, window.samples.size() - extra);
        };
    } else {
        return false;
    }
    return true;
}

}  // namespace isobatch
