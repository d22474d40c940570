#include <gtest/gtest.h>

#include "../../run/small_trial.h"
#include "cases/faults/faults.h"

namespace isobatch {
namespace {

/// What each micro of the first window counts in the report.
std::vector<double> reports(const std::string& id, const Split& split) {
    isobatch::Setup setup = make_setup(small_trial(split));
    EXPECT_TRUE(id.empty() || plant_reporting(id, setup));
    const Window window = setup.window(setup.batches()[0]);
    std::vector<double> counts;
    for (const Slice& micro : window.micros) counts.push_back(setup.decisions.reports(window, micro));
    return counts;
}

TEST(ReportingFaults, CountMicrosOtherwiseThanTheGradientDoes) {
    using Counts = std::vector<double>;
    EXPECT_EQ(reports("", {2, 2, 1}), (Counts{1, 1}));
    EXPECT_EQ(reports("log-loss-over-accum", {2, 2, 1}), (Counts{0.5, 0.5}));
    EXPECT_EQ(reports("log-scaled-loss", {2, 2, 1}), (Counts{first_loss_scale, first_loss_scale}));
    const isobatch::Setup setup = make_setup(small_trial({2, 2, 1}));
    const Window window = setup.window(setup.batches()[0]);
    EXPECT_EQ(reports("log-last-micro-loss", {2, 2, 1}), (Counts{0, window.units / window.units_of(window.micros[1])}));
    isobatch::Setup other = make_setup(small_trial({1, 2, 2}));
    EXPECT_FALSE(plant_reporting("clip-disabled", other));
}

}  // namespace
}  // namespace isobatch
