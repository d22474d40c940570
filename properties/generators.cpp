#include "generators.h"

#include "plan/isobatch.h"

namespace isobatch {

rc::Gen<Split> any_split(std::int64_t effective) {
    return rc::gen::elementOf(splits_of({.effective = effective}));
}

rc::Gen<Trial> any_trial() {
    return rc::gen::exec([] {
        Trial trial;
        trial.subject = "mlp";
        const auto effective = *rc::gen::inRange<std::int64_t>(1, 25);
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

std::vector<Trial> matrix_with(const Trial& trial, std::int64_t devices) {
    std::vector<Trial> trials;
    for (const Split& split : splits_of({.effective = trial.split.effective(), .max_devices = devices})) {
        trials.push_back(trial);
        trials.back().split = split;
    }
    return trials;
}

}  // namespace isobatch
