/// A model of the project's own: a tower of two layers on rows of one to five scored positions.
#include <torch/nn/modules/linear.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <run/case.h>

namespace {

constexpr std::int64_t features = 6, longest = 5;

struct Tower : torch::nn::Module {
    Tower() {
        first = register_module("first", torch::nn::Linear(features, 12));
        second = register_module("second", torch::nn::Linear(12, 1));
    }
    torch::Tensor forward(const torch::Tensor& x) { return second(first(x).tanh()).squeeze(-1); }
    torch::nn::Linear first{nullptr}, second{nullptr};
};

std::shared_ptr<torch::nn::Module> make_model(at::ScalarType dtype, isobatch::Seed seed) {
    auto model = std::make_shared<Tower>();
    model->to(dtype);
    const torch::NoGradGuard no_grad;
    isobatch::Random random(seed);
    for (torch::Tensor& parameter : model->parameters())
        for (std::int64_t i = 0; i < parameter.numel(); ++i) parameter.view(-1)[i] = 0.3 * random.normal();
    return model;
}

isobatch::Dataset make_data(const isobatch::DataChoice& choice) {
    isobatch::Random random(choice.seed);
    torch::Tensor rows = torch::empty({choice.samples, longest, features}, torch::kDouble);
    for (std::int64_t i = 0; i < rows.numel(); ++i) rows.view(-1)[i] = random.normal();
    torch::Tensor scored = torch::zeros({choice.samples, longest}, torch::kDouble);
    isobatch::Dataset data;
    for (std::int64_t row = 0; row < choice.samples; ++row) {
        const std::int64_t length = 1 + row % longest;
        scored[row].narrow(0, 0, length).fill_(1);
        data.units.push_back(static_cast<double>(length));
    }
    data.pick = [rows, scored](std::span<const std::int64_t> samples) {
        const torch::Tensor index = torch::tensor(std::vector<std::int64_t>(samples.begin(), samples.end()));
        return isobatch::Examples{rows.index_select(0, index), scored.index_select(0, index)};
    };
    data.padded_units = [](std::span<const std::int64_t> samples) {
        return static_cast<double>(samples.size()) * longest;
    };
    return data;
}

torch::Tensor loss_sum(torch::nn::Module& model, const isobatch::Examples& examples) {
    const torch::Tensor error = static_cast<Tower&>(model).forward(examples[0]) - examples[0].sum(-1).sin();
    return (error * error * examples[1]).sum();  // summed over scored positions, never averaged
}

isobatch::Case tower() {
    return {.name = "tower",
            .summary = "regression of rows of different length",
            .contract = {.weighting = isobatch::Weighting::token_mean},
            .optimizer = {.kind = isobatch::OptimizerChoice::Kind::adamw, .lr = 0.01},
            .make_data = make_data,
            .make_model = make_model,
            .loss_sum = loss_sum};
}

ISOBATCH_CASE(tower);

}  // namespace
