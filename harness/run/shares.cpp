#include "run/shares.h"

#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/autograd.h>

#include "run/forward.h"

namespace isobatch {

void add(Share& total, const Share& part) {
    total.loss += part.loss;
    if (total.gradients.empty())
        for (const at::Tensor& gradient : part.gradients) total.gradients.push_back(gradient.clone());
    else
        for (std::size_t i = 0; i < part.gradients.size(); ++i) total.gradients[i].add_(part.gradients[i]);
}

Share Shares::of(std::span<const std::int64_t> samples, double scale) const {
    return of(forward(*setup_, *replica_, samples), scale);
}

Share Shares::of_unit(std::int64_t sample, std::int64_t unit) const {
    const auto loss = [&](torch::nn::Module& model, const Examples& examples) {
        Examples one = examples;
        setup_->data.score_only(one, [&](std::int64_t, std::int64_t other) { return other == unit; });
        return setup_->subject->loss_sum(model, one);
    };
    return of(forward(*setup_, *replica_, std::span(&sample, 1), loss), 1);
}

Share Shares::of(const at::Tensor& loss_sum, double scale) const {
    const double scaled = scale * loss_scale(replica_->recipe);
    const at::Tensor loss = loss_sum.div(window_->denominator() / scaled);
    Share share{torch::autograd::grad({loss}, replica_->parameters, {}, false, false, true),
                loss.item<double>() / scaled};
    for (std::size_t i = 0; i < share.gradients.size(); ++i) {
        if (!share.gradients[i].defined()) share.gradients[i] = at::zeros_like(replica_->parameters[i]);
        if (scale != 1) share.gradients[i] = share.gradients[i].div(scale);
    }
    return share;
}

Share Shares::sum(const Ends& ends, double scale) const {
    Share total;
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
        add(total, of(std::span(window_->samples).subspan(begin, end - begin), scale));
        begin = end;
    }
    return total;
}

}  // namespace isobatch
