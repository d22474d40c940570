#include "bare.h"

#include <ATen/ops/div.h>

#include "run/replica.h"
#include "run/tensors.h"

namespace isobatch {

void bare_run(const isobatch::Setup& setup) {
    const std::vector<Batch> batches = setup.batches();
    Replica one = make_replica(*setup.subject, setup.trial, 0, static_cast<std::int64_t>(batches.size()));
    double sum = 0;
    for (const Batch& batch : batches) {
        const Window window = setup.window(batch);
        for (const Slice& micro : window.micros) {
            const at::Tensor loss =
                setup.subject->loss_sum(*one.model, setup.examples(window.of(micro), scalar_type(setup.trial.recipe)));
            loss.div(window.denominator()).backward();
            sum += loss.item<double>();  // every trainer logs its loss
        }
        if (one.clip_norm > 0) clip_by_norm(one.parameters, one.clip_norm);
        one.optimizer_step();
        one.schedule_step();
        one.zero_grad();
    }
}

}  // namespace isobatch
