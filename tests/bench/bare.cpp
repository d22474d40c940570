#include "bare.h"

#include <span>

#include <ATen/ops/div.h>
#include <ATen/ops/empty_like.h>

#include "base/exact_sum.h"
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

/// `after` each backward, and `before_step` once.
template <class After, class Before>
void run(const isobatch::Setup& setup, Replica& one, After after, Before before_step) {
    double sum = 0;
    for (const Batch& batch : setup.batches()) {
        const Window window = setup.window(batch);
        for (const Slice& micro : window.micros) {
            const at::Tensor loss =
                setup.subject->loss_sum(*one.model, setup.examples(window.of(micro), scalar_type(setup.trial.recipe)));
            loss.div(window.denominator()).backward();
            sum += loss.item<double>();  // every trainer logs its loss
            after();
        }
        before_step();
        step(one);
    }
}

Replica replica_of(const isobatch::Setup& setup) {
    return make_replica(*setup.subject, setup.trial, 0, static_cast<std::int64_t>(setup.batches().size()));
}

template <class T>
std::span<T> floats_of(const at::Tensor& tensor) {
    return {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

}  // namespace

void bare_run(const isobatch::Setup& setup) {
    Replica one = replica_of(setup);
    run(
        setup, one, [] {}, [] {});
}

void bare_run_in_exact_sums(const isobatch::Setup& setup) {
    Replica one = replica_of(setup);
    const Quantum quantum = quantum_for(64, setup.trial.split.accum);  // no entry of a gradient is larger
    std::vector<ExactSum> sums;
    for (const at::Tensor& parameter : one.parameters)
        sums.emplace_back(quantum, static_cast<std::size_t>(parameter.numel()));
    const auto take = [&] {
        for (std::size_t p = 0; p < sums.size(); ++p)
            if (const at::Tensor& gradient = one.parameters[p].grad(); gradient.defined())
                add(sums[p], floats_of<const float>(gradient));
        one.zero_grad();
    };
    const auto give = [&] {
        for (std::size_t p = 0; p < sums.size(); ++p) {
            at::Tensor& gradient = one.parameters[p].mutable_grad();
            if (!gradient.defined()) gradient = at::empty_like(one.parameters[p]);
            read(sums[p], floats_of<float>(gradient));
            sums[p] = ExactSum(quantum, sums[p].counts.size());
        }
    };
    run(setup, one, take, give);
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
