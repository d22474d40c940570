#include "bare.h"

#include <ATen/ops/div.h>

#include "run/replica.h"
#include "run/tensors.h"

namespace isobatch {

namespace {

/// What every trainer does with a window's gradient.
void step(Replica& replica) {
    if (replica.clip_norm > 0) clip_by_norm(replica.parameters, replica.clip_norm);
    replica.optimizer_step(1);
    replica.schedule_step();
    replica.zero_grad();
}

}  // namespace

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
        step(one);
    }
}

void bare_run_of_shared_micros(const std::vector<isobatch::Setup>& setups) {
    const isobatch::Setup& first = setups[0];
    const std::vector<Batch> batches = first.batches();
    std::vector<Replica> splits;
    for (const isobatch::Setup& setup : setups)
        splits.push_back(make_replica(*setup.subject, setup.trial, 0, static_cast<std::int64_t>(batches.size())));
    Replica one = make_replica(*first.subject, first.trial, 0, static_cast<std::int64_t>(batches.size()));
    double sum = 0;
    for (const Batch& batch : batches) {
        const Window window = first.window(batch);
        for (const Slice& micro : window.micros) {
            const at::Tensor loss =
                first.subject->loss_sum(*one.model, first.examples(window.of(micro), scalar_type(first.trial.recipe)));
            loss.div(window.denominator()).backward();
            sum += loss.item<double>();
            for (Replica& split : splits)
                for (std::size_t p = 0; p < one.parameters.size(); ++p) {
                    at::Tensor& own = split.parameters[p].mutable_grad();
                    const at::Tensor& given = one.parameters[p].grad();
                    if (given.defined()) own = own.defined() ? own.add_(given) : given.clone();
                }
            one.zero_grad();
        }
        for (Replica& split : splits) step(split);
    }
}

}  // namespace isobatch
