/// Faults of the loss that a case's model is trained on. Each is written where the case's own loss is.
#include "cases/faults/faults.h"
#include "plan/fault.h"

namespace isobatch {

bool plant_loss(const std::string& id, Setup& setup) {
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
