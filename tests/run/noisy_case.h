#pragma once

#include <string>

#include <torch/nn/module.h>

#include "run/case.h"

namespace isobatch {

/// The name of a perceptron whose loss is never quite the same twice.
inline std::string noisy_case() {
    static int calls = 0;
    static const Case noisy = [] {
        Case subject = find_case("mlp");
        subject.name = "noisy";
        const auto plain = subject.loss_sum;
        subject.loss_sum = [plain](torch::nn::Module& model, const Examples& examples) {
            return plain(model, examples).mul(1 + 1e-15 * (++calls % 7));
        };
        return subject;
    }();
    static const CaseRegistration registration(+[] { return noisy; });
    return noisy.name;
}

}  // namespace isobatch
