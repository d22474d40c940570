#include "run/random_state.h"

#include <ATen/ops/dropout.h>
#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

#include "../base/expect.h"
#include "run/reference.h"
#include "small_trial.h"

namespace isobatch {

TEST(RandomState, IsAnotherOnceSomethingWasDrawn) {
    const std::string before = random_state(at::kCPU);
    EXPECT_EQ(random_state(at::kCPU), before);
    at::rand({1});
    EXPECT_NE(random_state(at::kCPU), before);
}

/// Splits would have other masks, and trusted cuts too: whatever they differ by would pass for rounding.
TEST(RandomState, ACaseThatDrawsFromTheSharedGeneratorIsRefused) {
    static const CaseRegistration registration(+[] {
        Case subject = find_case("mlp");
        subject.name = "drawing";
        subject.loss_sum = [plain = subject.loss_sum](torch::nn::Module& model, const Examples& examples) {
            Examples dropped = examples;
            dropped[0] = at::dropout(examples[0], 0.5, true);
            return plain(model, dropped);
        };
        return subject;
    });
    Trial trial = small_trial({2, 2, 1});
    trial.subject = "drawing";
    const Error error = error_of([&] { make_reference(trial); });
    EXPECT_TRUE(says(error.problem(), "the case drawing draws random numbers"));
    EXPECT_TRUE(says(error.next(), "cases/dropout.cpp"));
    EXPECT_EQ(error.exit_code(), 2);
}

}  // namespace isobatch
