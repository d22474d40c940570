#include "cases/faults/timed.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "../../base/expect.h"
#include "../../run/small_trial.h"
#include "cases/faults/faults.h"
#include "diagnose/diagnose.h"
#include "plan/fault.h"
#include "plan/isobatch.h"
#include "run/matrix.h"

namespace isobatch {
namespace {

/// Whether its first decision is wrong, window by window. Two epochs of two windows.
std::string wrong_windows(const std::string& fault) {
    Trial trial = small_trial({1, 2, 2});
    trial.samples = 7;
    trial.epochs = 2;
    isobatch::Setup right = make_setup(trial), setup = right;
    plant(fault, setup);
    std::string wrong;
    for (const Batch& batch : setup.batches()) {
        const Window window = setup.window(batch);
        const auto same = [&](const Slice& micro) {
            const Decisions &a = right.decisions, &b = setup.decisions;
            return a.divisor(window, micro) == b.divisor(window, micro) &&
                   a.arrives(window, micro) == b.arrives(window, micro) &&
                   a.clears_before(window, micro) == b.clears_before(window, micro) &&
                   a.exchanges_with(window, micro) == b.exchanges_with(window, micro) &&
                   a.exchanges(window) == b.exchanges(window) && a.steps(window) == b.steps(window) &&
                   a.schedule_steps(window) == b.schedule_steps(window);
        };
        wrong += std::all_of(window.micros.begin(), window.micros.end(), same) ? '.' : 'x';
    }
    return wrong;
}

TEST(TimedFaults, AreWrongWhenTheyActAndOnlyThen) {
    for (const std::string id : {"missing-accum-division", "double-division", "zero-grad-in-window", "never-synced",
                                 "reduced-once", "schedule-per-micro"}) {
        EXPECT_EQ(wrong_windows(id), "xxxx") << id;
        EXPECT_EQ(wrong_windows(id + "@always"), "xxxx") << id;
        EXPECT_EQ(wrong_windows(id + "@first-window"), "x...") << id;
        EXPECT_EQ(wrong_windows(id + "@later-windows"), ".xxx") << id;
        EXPECT_EQ(wrong_windows(id + "@epoch-ends"), ".x.x") << id;
        EXPECT_EQ(wrong_windows(id + "@later-epochs"), "..xx") << id;
    }
    EXPECT_EQ(wrong_windows("epoch-tail-extra-step@later-epochs"), "...x");
}

TEST(TimedFaults, WhatIsDecidedForAWholeRunHasNoTime) {
    isobatch::Setup setup = make_setup(small_trial({1, 2, 2}));
    for (const FaultEntry& entry : fault_catalogue()) {
        if (entry.timed) continue;
        const Error error = error_of([&] { plant(entry.id + "@first-window", setup); });
        EXPECT_TRUE(says(error.problem(), "in the first window of the run")) << entry.id;
        EXPECT_TRUE(says(error.next(), entry.id)) << entry.id;
    }
}

/// A planted matrix of every split of eight samples on at most two devices.
std::vector<Record> matrix(const std::string& fault) {
    Matrix matrix(plant, {});
    std::vector<Record> records;
    for (const Split& split : splits_of({.effective = 8, .max_devices = 2})) {
        Trial trial = suited(small_trial(split), *parse_fault(fault).entry);
        trial.samples = 21;
        trial.epochs = 2;
        trial.restart = fault.find("after-restart") == std::string::npos ? 0 : 2;
        trial.fault = fault;
        records.push_back(matrix.run(trial));
    }
    return records;
}

TEST(TimedFaults, AreNamedWithTheirTime) {
    for (const std::string id : {"n-minus-one", "double-division", "zero-grad-in-window", "schedule-per-micro",
                                 "decay-lost-when-accumulating", "inf-not-skipped"})
        for (const Timing timing : all_timings) {
            const std::vector<Finding> findings = diagnose(matrix(id + "@" + to_string(timing)));
            ASSERT_EQ(findings.size(), 1u) << id << " " << to_string(timing);
            EXPECT_EQ(findings[0].causes, std::vector<Cause>{parse_cause(id)}) << to_string(timing);
            EXPECT_EQ(findings[0].occasion, Occasion(timing)) << id;
            EXPECT_EQ(says(findings[0].summary, "It happens " + meaning(timing) + " only."), timing != Timing::always);
        }
}

/// What its divisor is wrong for: by device and micro, two micros on each of two devices; `o` where in some parameters.
std::string wrong_micros(const std::string& fault) {
    isobatch::Setup right = make_setup(small_trial({1, 2, 2})), setup = right;
    plant(fault, setup);
    const Window window = setup.window(setup.batches()[0]);
    std::string wrong(4, '.');
    for (const Slice& micro : window.micros)
        if (right.decisions.divisor(window, micro) != setup.decisions.divisor(window, micro) ||
            right.decisions.arrives(window, micro) != setup.decisions.arrives(window, micro))
            wrong[static_cast<std::size_t>(2 * micro.place + micro.micro)] = 'x';
        else if (setup.decisions.arrives_in_some(window, micro) != 1)
            wrong[static_cast<std::size_t>(2 * micro.place + micro.micro)] = 'o';
    return wrong;
}

TEST(TimedFaults, ReachTheMicrosThatTheyName) {
    for (const std::string id : {"missing-accum-division", "double-division"}) {
        EXPECT_EQ(wrong_micros(id + "@everywhere"), "xxxx") << id;
        EXPECT_EQ(wrong_micros(id + "@last-micros"), ".x.x") << id;
        EXPECT_EQ(wrong_micros(id + "@later-micros"), ".x.x") << id;
        EXPECT_EQ(wrong_micros(id + "@second-device"), "..xx") << id;
        EXPECT_EQ(wrong_micros(id + "@later-windows@second-device"), "....") << id;
        EXPECT_EQ(wrong_micros(id + "@first-window@last-micros"), ".x.x") << id;
        EXPECT_EQ(wrong_micros(id + "@some-parameters"), "oooo") << id;
        EXPECT_EQ(wrong_micros(id + "@later-windows@some-parameters"), "....") << id;
    }
}

TEST(TimedFaults, AreNamedWithTheirReach) {
    for (const std::string id : {"n-minus-one", "double-division", "missing-accum-division"})
        for (const Occasion& occasion : all_occasions()) {
            if (occasion.where == Reach::everywhere) continue;
            const std::string fault = id + "@" + to_string(occasion.when) + "@" + to_string(occasion.where);
            const std::vector<Finding> findings = diagnose(matrix(fault));
            ASSERT_EQ(findings.size(), 1u) << fault;
            std::vector<Cause> causes{parse_cause(id)};
            const bool some = occasion.where == Reach::some_parameters;
            if (some && id == "missing-accum-division") causes.push_back(Cause::divide_after_backward);
            EXPECT_EQ(findings[0].causes, causes) << fault;
            EXPECT_EQ(says(findings[0].separated_by, "nothing: the loss tells them apart"), causes.size() > 1) << fault;
            EXPECT_EQ(findings[0].occasion, occasion) << fault;
            EXPECT_TRUE(says(findings[0].summary, "It happens " + meaning(occasion) + " only.")) << fault;
            EXPECT_EQ(says(findings[0].summary, "Of all gradients only those of layer0_bias, layer1_bias"), some);
        }
}

}  // namespace
}  // namespace isobatch
