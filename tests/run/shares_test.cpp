#include "run/shares.h"

#include <gtest/gtest.h>

#include "judge/tolerance.h"
#include "run/tensors.h"
#include "small_trial.h"

namespace isobatch {

namespace {

double distance(const Share& a, const Share& b) {
    double largest = std::abs(a.loss - b.loss);
    for (std::size_t p = 0; p < a.gradients.size(); ++p)
        largest = std::max(largest, largest_entry(a.gradients[p].to(at::kDouble).sub(b.gradients[p])));
    return largest;
}

struct First {
    explicit First(const std::string& subject, Recipe recipe = Recipe::fp64)
        : setup(make_setup([&] {
              Trial trial = small_trial({4, 1, 1}, recipe);
              trial.subject = subject;
              return trial;
          }())),
          replica(make_replica(*setup.subject, setup.trial, 0, 1)),
          window(setup.window(setup.batches()[0])) {}

    Setup setup;
    Replica replica;
    Window window;
};

}  // namespace

TEST(Shares, OfAllSamplesAddUpToThatOfTheWindow) {
    const First first("gpt");
    const Shares shares(first.setup, first.replica, first.window);
    const Share whole = shares.of(first.window.samples);
    EXPECT_LT(distance(shares.sum({1, 2, 4}), whole), 1e-15);
    EXPECT_LT(distance(shares.sum({4}, 3), whole), 1e-15) << "what it is scaled by is divided out again";
    EXPECT_GT(distance(shares.sum({3}), whole), 1e-3);
    EXPECT_FALSE(first.replica.parameters[0].grad().defined());
}

TEST(Shares, OfAllUnitsAddUpToThatOfTheirSample) {
    for (const std::string subject : {"gpt", "mlp", "tasks", "dropout"}) {
        const First first(subject);
        const Shares shares(first.setup, first.replica, first.window);
        for (const std::int64_t sample : first.window.samples) {
            Share units = shares.sum({});
            const auto count = static_cast<std::int64_t>(first.setup.data.units[static_cast<std::size_t>(sample)]);
            for (std::int64_t unit = 0; unit < count; ++unit) add(units, shares.of_unit(sample, unit));
            if (count == 0) continue;
            const Share whole = shares.of(std::span(&sample, 1));
            EXPECT_LT(distance(units, whole), 1e-15) << subject;
            if (count > 1) {
                EXPECT_GT(distance(shares.of_unit(sample, 0), whole), 1e-4) << subject;
            }
        }
    }
}

/// No loss scale is left in a share.
TEST(Shares, AreThoseOfTheLossItself) {
    const First first("mlp", Recipe::fp16_autocast), wide("mlp");
    const Share narrow = Shares(first.setup, first.replica, first.window).of(first.window.samples),
                truth = Shares(wide.setup, wide.replica, wide.window).of(wide.window.samples);
    EXPECT_LT(distance(truth, narrow), 1e-2);
}

}  // namespace isobatch
