/// Faults of the loss that a case's model is trained on. Those of one case are written where its own loss is.
#include <algorithm>

#include "cases/faults/faults.h"
#include "plan/fault.h"

namespace isobatch {

namespace {

/// A loss over as many units of each sample as its micro's shortest has.
auto of_the_shortest(const Dataset& data) {
    return [units = data.units, score_only = data.score_only](const Window& window, const Slice& micro,
                                                              const Case& subject, torch::nn::Module& model,
                                                              const Examples& examples) {
        double shortest = window.units;
        for (const std::int64_t sample : window.of(micro))
            shortest = std::min(shortest, units[static_cast<std::size_t>(sample)]);
        Examples cut = examples;
        score_only(cut, [&](std::int64_t, std::int64_t unit) { return static_cast<double>(unit) < shortest; });
        return subject.loss_sum(model, cut);
    };
}

}  // namespace

bool plant_loss(const std::string& id, Setup& setup) {
    if (id == "cut-to-shortest") {
        if (setup.data.score_only) setup.decisions.losses = of_the_shortest(setup.data);  // else nothing to cut
        return true;
    }
    const std::string& subject = find_fault(id).needs.subject;
    if (subject.empty() || !find_case(subject).wrong.contains(id)) return false;
    const auto wrong = setup.subject->wrong.find(id);
    if (wrong == setup.subject->wrong.end()) return true;  // nothing in this case's loss that it could get wrong
    setup.decisions.losses = [loss = wrong->second](const Window& window, const Slice& micro, const Case&,
                                                    torch::nn::Module& model, const Examples& examples) {
        return loss(model, examples, {window.units_of(micro), window.units, window.of(window.micros.front())});
    };
    return true;
}

}  // namespace isobatch
