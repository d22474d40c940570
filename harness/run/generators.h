#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <rapidcheck.h>

#include "plan/isobatch.h"
#include "plan/slice.h"
#include "plan/trial.h"

namespace isobatch {

/// For RapidCheck, in laws about models of one's own: a split of this effective batch.
inline rc::Gen<Split> any_split(std::int64_t effective) {
    return rc::gen::elementOf(splits_of({.effective = effective}));
}

inline int updates_of(const Trial& trial) {
    return static_cast<int>(std::ssize(batches_of(trial.samples, trial.split.effective(), trial.epochs)));
}

/// What a law is tried on once it has failed on this trial: the same with one choice simpler. A smaller split keeps as
/// many windows as it can, since what is wrong may need a second one.
inline std::vector<Trial> simpler_trials(const Trial& trial) {
    std::vector<Trial> simpler;
    const auto add = [&](auto change) {
        Trial one = trial;
        change(one);
        const std::int64_t effective = one.split.effective();
        one.samples = std::clamp(one.samples, effective, 3 * effective);
        one.restart = std::min(one.restart, updates_of(one) - 1);
        if (one != trial) simpler.push_back(std::move(one));
    };
    for (std::int64_t Split::*part : {&Split::per_device, &Split::accum, &Split::devices}) {
        const std::int64_t held = trial.split.*part;
        for (const std::int64_t fewer : {std::int64_t{1}, std::int64_t{2}, held / 2, held - 1})
            if (fewer >= 1 && fewer < held) add([&](Trial& one) { one.split.*part = fewer; });
    }
    const std::int64_t effective = trial.split.effective(), surplus = trial.samples - effective;
    for (const std::int64_t fewer : {std::int64_t{0}, std::int64_t{1}, surplus / 2, surplus - 1})
        if (fewer >= 0 && fewer < surplus) add([&](Trial& one) { one.samples = effective + fewer; });
    add([](Trial& one) { one.epochs = 1; });
    add([](Trial& one) { one.restart = 0; });
    add([](Trial& one) { one.copies = 1; });
    add([](Trial& one) { one.recipe = Recipe::fp64; });
    for (const std::uint64_t seed : {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{3}})
        if (seed < trial.seed) add([&](Trial& one) { one.seed = seed; });
    return simpler;
}

/// A trial of the case under any split of any effective batch up to `largest`, over any data set that fills at least
/// one window. Shrinks towards a small split, few samples and the first seeds.
inline rc::Gen<Trial> any_trial(std::string subject, std::int64_t largest) {
    const auto drawn = rc::gen::exec([subject = std::move(subject), largest] {
        Trial trial;
        trial.subject = subject;
        const auto effective = *rc::gen::inRange<std::int64_t>(1, largest + 1);
        trial.split = *any_split(effective);
        trial.samples = effective + *rc::gen::inRange<std::int64_t>(0, 2 * effective + 1);
        trial.lengths = *rc::gen::element(Lengths::ragged, Lengths::ragged, Lengths::equal);
        trial.epochs = *rc::gen::inRange(1, 3);
        trial.copies = *rc::gen::element(1, 1, 2, 3);
        trial.recipe = *rc::gen::elementOf(known_recipes);
        trial.seed = *rc::gen::inRange<std::uint64_t>(1, 1 << 20);
        trial.restart = *rc::gen::element(0, 0, *rc::gen::inRange(0, updates_of(trial)));
        return trial;
    });
    return rc::gen::shrink(rc::gen::noShrink(drawn),
                           [](const Trial& trial) { return rc::seq::fromContainer(simpler_trials(trial)); });
}

}  // namespace isobatch
