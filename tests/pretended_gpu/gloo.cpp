/// Gloo's sums of the pretended GPU's tensors: copied to the host when they are asked for, summed there by the CPU's
/// own work, and copied back.
#include <ATen/core/grad_mode.h>
#include <c10/util/Registry.h>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

namespace c10d {

// As in ProcessGroupGlooDetail.hpp, which includes headers of Gloo's own.
TORCH_DECLARE_TYPED_REGISTRY(GlooAllreduceRegistry, c10::DeviceType, ProcessGroupGloo::AsyncWork, c10::intrusive_ptr,
                             std::shared_ptr<gloo::Context>, std::vector<at::Tensor>&, ReduceOp, uint32_t, uint64_t,
                             std::chrono::milliseconds);

namespace {

using AsyncWork = ProcessGroupGloo::AsyncWork;

std::vector<at::Tensor> on_host(const std::vector<at::Tensor>& tensors) {
    std::vector<at::Tensor> all;
    for (const at::Tensor& tensor : tensors) all.push_back(tensor.to(at::kCPU));
    return all;
}

class ByTheHost final : public AsyncWork {
public:
    ByTheHost(const std::shared_ptr<gloo::Context>& context, std::vector<at::Tensor>& tensors, const ReduceOp& how,
              uint32_t tag, uint64_t sequence, std::chrono::milliseconds timeout)
        : AsyncWork(context, {tensors}, OpType::ALLREDUCE, sequence, timeout),
          tensors_(tensors),
          host_(on_host(tensors)),
          work_(GlooAllreduceRegistry()->Create(c10::kCPU, context, host_, how, tag, sequence, timeout)) {}

    void run() override {
        work_->run();
        const at::NoGradGuard no_grad;
        for (std::size_t i = 0; i < tensors_.size(); ++i) tensors_[i].copy_(host_[i]);
    }
    const std::vector<at::Tensor> getInputTensors() override { return tensors_; }
    const std::vector<at::Tensor> getOutputTensors() override { return tensors_; }

private:
    std::vector<at::Tensor> tensors_, host_;
    c10::intrusive_ptr<AsyncWork> work_;
};

c10::intrusive_ptr<AsyncWork> by_the_host(std::shared_ptr<gloo::Context> context, std::vector<at::Tensor>& tensors,
                                          ReduceOp how, uint32_t tag, uint64_t sequence,
                                          std::chrono::milliseconds timeout) {
    return c10::make_intrusive<ByTheHost>(context, tensors, how, tag, sequence, timeout);
}

C10_REGISTER_TYPED_CREATOR(GlooAllreduceRegistry, at::kCUDA, by_the_host)

}  // namespace

}  // namespace c10d
