#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <rapidcheck.h>

#include "plan/isobatch.h"
#include "plan/trial.h"

namespace isobatch {

/// For RapidCheck, in laws about models of one's own: a split of this effective batch.
inline rc::Gen<Split> any_split(std::int64_t effective) {
    return rc::gen::elementOf(splits_of({.effective = effective}));
}

/// A trial of the case under any split of any effective batch up to `largest`, over any data set that fills at least
/// one window. Shrinks towards few samples and a small batch.
inline rc::Gen<Trial> any_trial(std::string subject, std::int64_t largest) {
    return rc::gen::exec([subject = std::move(subject), largest] {
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
        return trial;
    });
}

}  // namespace isobatch
