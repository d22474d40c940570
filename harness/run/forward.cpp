#include "run/forward.h"

#include <optional>

#include <torch/csrc/autograd/custom_function.h>

#include "run/autocast.h"
#include "run/device.h"
#include "run/tensors.h"

namespace isobatch {

namespace {

/// The same value, whose gradient is divided by `scale`.
struct Unscaled : torch::autograd::Function<Unscaled> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& value, double scale) {
        context->saved_data["scale"] = scale;
        return value.view_as(value);
    }
    static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::tensor_list gradients) {
        return {gradients[0].div(context->saved_data["scale"].toDouble()), at::Tensor()};
    }
};

/// An in-place copy: the model's own handles see it, and its gradient goes on to what was copied, in that one's format.
void copy_anew(const Replica& replica) {
    const double scale = loss_scale(replica.recipe);
    for (std::size_t p = 0; p < replica.copies.size(); ++p) {
        const at::Tensor& parameter = replica.parameters[p];
        replica.copies[p].detach_().copy_(scale == 1 ? parameter : Unscaled::apply(parameter, scale));
    }
}

}  // namespace

at::Tensor forward(const Setup& setup, const Replica& replica, std::span<const std::int64_t> samples) {
    return forward(setup, replica, samples, setup.subject->loss_sum);
}

at::Tensor forward(const Setup& setup, const Replica& replica, std::span<const std::int64_t> samples,
                   const std::function<at::Tensor(torch::nn::Module& model, const Examples& examples)>& loss) {
    copy_anew(replica);
    std::optional<Autocast> autocast;
    const auto under = [&](at::ScalarType format) { autocast.emplace(device_of(setup.trial.device).type(), format); };
    if (replica.recipe == Recipe::bf16_autocast) under(at::kBFloat16);
    if (replica.recipe == Recipe::fp16_autocast) under(at::kHalf);
    const at::Tensor sum = loss(*replica.model, setup.examples(samples, scalar_type(replica.recipe)));
    return at::isReducedFloatingType(sum.scalar_type()) ? sum.to(at::kFloat) : sum;
}

}  // namespace isobatch
