#include "cases/recomputed.h"

#include <optional>

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include "run/autocast.h"

namespace isobatch {

namespace {

using Part = std::function<at::Tensor(const at::Tensor& x)>;

/// How the part was run, for its second time.
struct Run final : torch::CustomClassHolder {
    Run(Part run_part, at::DeviceType run_on) : part(std::move(run_part)), device(run_on) {
        if (at::autocast::is_autocast_enabled(device)) format = at::autocast::get_autocast_dtype(device);
    }

    Part part;
    at::DeviceType device;
    std::optional<at::ScalarType> format;
};

struct Recomputed : torch::autograd::Function<Recomputed> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, const c10::intrusive_ptr<Run>& run,
                              const at::Tensor& x, at::TensorList parameters) {
        context->saved_data["run"] = c10::IValue::make_capsule(run);
        std::vector<at::Tensor> kept{x};  // parameters are held anyway
        kept.insert(kept.end(), parameters.begin(), parameters.end());
        context->save_for_backward(std::move(kept));
        return run->part(x);
    }

    static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::tensor_list& gradients) {
        const auto run = c10::static_intrusive_pointer_cast<Run>(context->saved_data["run"].toCapsule());
        torch::autograd::variable_list inputs = context->get_saved_variables();
        inputs[0] = inputs[0].detach().requires_grad_();
        at::Tensor again;
        {
            const at::AutoGradMode with_graph(true);
            std::optional<Autocast> autocast;
            if (run->format) autocast.emplace(run->device, *run->format);
            again = run->part(inputs[0]);
        }
        torch::autograd::variable_list results = torch::autograd::grad({again}, inputs, gradients);
        results.insert(results.begin(), at::Tensor());  // of the run
        return results;
    }
};

}  // namespace

at::Tensor recomputed(Part part, const at::Tensor& x, at::TensorList parameters) {
    return Recomputed::apply(c10::make_intrusive<Run>(std::move(part), x.device().type()), x, parameters);
}

}  // namespace isobatch
