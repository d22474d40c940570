/// Faults of which samples a window holds.
#include "cases/faults/faults.h"
#include "cases/faults/held.h"
#include "plan/timing.h"

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

void take_from_the_first_epoch(const Setup& setup, Window& window) {
    const std::vector<std::int64_t> first = setup.order(1);
    std::copy_n(first.begin() + window.batch.begin, window.batch.samples, window.samples.begin());
}

/// All places but the first draw from an order that is one sample ahead.
void draw_apart(const Setup& setup, Window& window) {
    const std::vector<std::int64_t> order = setup.order(window.batch.epoch);
    for (const Slice& micro : window.micros)
        for (std::int64_t i = micro.begin; micro.place > 0 && i < micro.end; ++i)
            window.samples[static_cast<std::size_t>(i)] =
                order[static_cast<std::size_t>(window.batch.begin + i + 1) % order.size()];
}

/// Batches of which those that follow a restart in its epoch begin where one micro of each place was skipped for each
/// update of it.
std::vector<Batch> skipped_anew(const std::vector<Batch>& all, const Trial& trial) {
    const Batch& last = all[static_cast<std::size_t>(trial.restart - 1)];  // before the restart
    std::vector<Batch> anew;
    std::int64_t samples = 0;
    for (const Batch& batch : all) {
        if (batch.epoch == last.epoch) samples = batch.begin + batch.samples;
        if (batch.epoch < last.epoch || (batch.epoch == last.epoch && batch.index <= last.index)) anew.push_back(batch);
    }
    if (last.begin + last.samples < samples) {
        Batch next{last.epoch, last.index + 1, (last.index + 1) * trial.split.per_device * trial.split.devices, 0};
        for (; next.begin < samples; ++next.index, next.begin += next.samples) {
            next.samples = std::min(samples - next.begin, trial.split.effective());
            anew.push_back(next);
        }
    }
    std::copy_if(all.begin(), all.end(), std::back_inserter(anew),
                 [&](const Batch& batch) { return batch.epoch > last.epoch; });
    return anew;
}

void plant_skips(Setup& setup) {
    if (setup.trial.restart == 0) return;
    const std::int64_t promised = setup.trained_windows();
    setup.decisions.horizon = [promised](std::int64_t, const Split&) { return promised; };
    setup.decisions.batches = [trial = setup.trial](std::vector<Batch> all, const Split&) {
        return skipped_anew(all, trial);
    };
}

/// The rest of an epoch that is gone on with is shuffled as the first one was.
void shuffle_anew(const Setup& setup, Window& window) {
    const std::int64_t effective = setup.trial.split.effective();
    if (moment_of(window.batch, setup.data.size(), effective, setup.trial.restart).in_restarted_epoch)
        take_from_the_first_epoch(setup, window);
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
            if (window.mesh.places > 1) take_from_the_first_epoch(own, window);
        };
    } else if (id == "resume-skips-updates") {
        plant_skips(setup);
    } else if (id == "resume-wrong-permutation") {
        picks = shuffle_anew;
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
