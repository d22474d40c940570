#include <cmath>

#include <ATen/core/grad_mode.h>
#include <torch/nn/module.h>

#include "../base/expect.h"
#include "diagnose/result.h"
#include "exact_check.h"
#include "gradient_check.h"
#include "run/loop.h"
#include "run/manifest_of.h"
#include "run/serial_engine.h"

namespace isobatch {

namespace {

void make_narrow(const std::vector<Replica>& replicas) {
    const at::NoGradGuard no_grad;
    for (const Replica& replica : replicas)
        for (const at::Tensor& parameter : replica.parameters)
            if (parameter.grad().defined()) parameter.grad().copy_(parameter.grad().to(at::kBFloat16));
}

/// Keeps what it accumulates, or what its ranks gave each other, in bf16.
class NarrowEngine final : public Engine {
public:
    NarrowEngine(SerialEngine engine, Stage stage) : engine_(std::move(engine)), narrow_(stage) {}
    std::vector<Replica>& replicas() override { return engine_.replicas(); }
    void forward_begins(Replica& replica, bool exchanges, bool last) override {
        engine_.forward_begins(replica, exchanges, last);
    }
    at::Tensor backward_begins(at::Tensor loss) override { return engine_.backward_begins(std::move(loss)); }
    void backward_ends(Replica& replica) override {
        if (narrow_ == Stage::device) make_narrow(replicas());
        engine_.backward_ends(replica);
    }
    void reduce(const Window& window) override {
        engine_.reduce(window);
        if (narrow_ == Stage::exchange) make_narrow(replicas());
    }
    std::optional<Collectives> take_traffic() override { return engine_.take_traffic(); }

private:
    SerialEngine engine_;
    Stage narrow_;
};

/// A canary whose operators leave bf16.
const Case& narrow_canary() {
    static const Case narrow = [] {
        Case made = find_case("canary");
        made.make_model = [right = made.make_model](at::ScalarType dtype, Seed seed) {
            auto model = right(dtype, seed);
            for (at::Tensor& parameter : model->parameters())
                parameter.register_hook(
                    [dtype](const at::Tensor& gradient) { return gradient.to(at::kBFloat16).to(dtype); });
            return model;
        };
        return made;
    }();
    return narrow;
}

Record run_narrow(const Trial& trial, Stage stage) {
    const Trace reference = make_reference(trial);
    const Forcing forcing(reference);
    Examiner examiner(yardstick_of(reference));
    isobatch::Setup setup = make_setup(trial);
    if (stage == Stage::micro) setup.subject = &narrow_canary();
    const Mesh mesh = mesh_of(trial);
    std::vector<Replica> replicas;
    for (int rank = 0; rank < mesh.ranks(); ++rank)
        replicas.push_back(make_replica(*setup.subject, trial, rank, setup.trained_windows()));
    const std::vector<Parameter> parameters = describe(replicas[0]);
    NarrowEngine engine(SerialEngine(std::move(replicas), setup.decisions, mesh), stage);
    MemorySink sink(mesh.ranks());
    Recorder recorder(sink, setup.data, Level::grads, &forcing);
    train(setup, engine, recorder);
    sink.end(manifest_of(setup, Level::grads, parameters, {}, setup.trained_windows(), examiner.yardstick().digest));
    return examiner.examine(sink.trace(), "isobatch check " + to_string(trial));
}

}  // namespace

TEST(Canary, GradientIsWhatItsDataSay) {
    const isobatch::Setup setup = case_setup("canary");  // windows of four
    const auto gradients = [&](std::vector<std::int64_t> samples) {
        const Replica replica = make_replica(*setup.subject, setup.trial, 0, 1);
        setup.subject->loss_sum(*replica.model, setup.examples(samples, at::kDouble)).backward();
        return std::pair{gradient_of(replica.parameters[0]), gradient_of(replica.parameters[1])};
    };
    const auto [own, width] = gradients({4, 6});
    EXPECT_EQ(own.sum().item<double>(), 2);
    EXPECT_EQ(own[0][4].item<double>() + own[0][6].item<double>(), 2);
    for (std::int64_t j = 0; j < 17; ++j) {
        EXPECT_EQ(width[0][j].item<double>(), std::ldexp(1., static_cast<int>(j))) << "the first alone";
        EXPECT_EQ(width[0][17 + j].item<double>(), std::ldexp(1., static_cast<int>(j)) + 1) << "two samples later";
    }
    const auto [nobody, nothing] = gradients({5});  // without a scored unit
    EXPECT_EQ(setup.data.units[5], 0);
    EXPECT_EQ(nobody.abs().sum().item<double>() + nothing.abs().sum().item<double>(), 0);
}

TEST(Canary, LossIsASumOverSamples) {
    expect_additive_loss("canary");
}

TEST(Canary, EverySplitHasTheSameBits) {
    expect_same_bits("canary");
}

TEST(Canary, AnEpsilonInTheDivisorIsRed) {
    expect_red_epsilon("canary");
}

TEST(Canary, NoWindowNeedsRoundingOnUpTo64Devices) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
        for (const std::int64_t effective : {16, 128}) {
            const Trace reference = make_reference(exact_trial("canary", {effective, 1, 1}, Recipe::fp32, seed));
            for (const Step& step : reference.ranks[0])
                EXPECT_LE(step.trusted ? step.trusted->exact_bits.value() : 0, 23 - 6) << "seed " << seed;
        }
}

/// Every sample of a window has a coordinate that is its weight, so a fault is read without any condition.
TEST(Canary, WeightsAreReadFromTheFirstEpoch) {
    Trial trial = exact_trial("canary", {4, 2, 2}, Recipe::fp32);
    trial.fault = "missing-accum-division";
    const Record record = Matrix(plant, {}).run(trial);
    ASSERT_EQ(record.verdict.outcome, Outcome::divergent);
    const WindowEvidence& window = record.evidence.windows.at(0);
    EXPECT_EQ(window.refused, "");
    for (std::size_t i = 0; i < window.samples.size(); ++i)
        EXPECT_NEAR(window.sample_units[i] > 0 ? window.recovered.at(0).weights[i] : 2, 2, 1e-9);
    EXPECT_TRUE(record.evidence.widths.empty()) << "a weight is no width";
}

TEST(Canary, SaysHowManyBitsWhichSumKeeps) {
    using Widths = std::vector<Width>;
    const auto widths = [](const Split& split, Stage stage, Recipe recipe) {
        const Record record = run_narrow(exact_trial("canary", split, recipe), stage);
        EXPECT_EQ(record.verdict.outcome == Outcome::divergent, !record.evidence.widths.empty()) << to_string(split);
        return record.evidence.widths;
    };
    const Width micro{Stage::micro, 8}, device{Stage::device, 8}, exchange{Stage::exchange, 8};
    for (const Recipe recipe : {Recipe::fp64, Recipe::fp32}) {
        EXPECT_EQ(widths({4, 4, 1}, Stage::device, recipe), (Widths{micro, device}));
        EXPECT_EQ(widths({1, 16, 1}, Stage::device, recipe), Widths{device});
        EXPECT_EQ(widths({4, 2, 2}, Stage::device, recipe), (Widths{micro, device})) << "its devices add in full";
        EXPECT_EQ(widths({1, 1, 16}, Stage::device, recipe), Widths{}) << "nothing to round in one sample";
        EXPECT_EQ(widths({1, 1, 16}, Stage::exchange, recipe), Widths{exchange});
        EXPECT_EQ(widths({4, 2, 2}, Stage::exchange, recipe), (Widths{micro, device, exchange}));
        EXPECT_EQ(widths({4, 4, 1}, Stage::exchange, recipe), Widths{}) << "one device exchanges nothing";
        EXPECT_EQ(widths({4, 2, 2}, Stage::micro, recipe), Widths{micro});
    }
}

TEST(Canary, TheFindingSaysIt) {
    const auto summary = [](Stage stage) {
        std::vector<Record> records;
        for (const Split& split : splits_of({.effective = 16}))
            records.push_back(run_narrow(exact_trial("canary", split, Recipe::fp32), stage));
        const Result result = assemble("x", records, {}, {});
        EXPECT_EQ(result.findings.size(), 1U);
        return result.findings.at(0).summary;
    };
    EXPECT_TRUE(says(summary(Stage::device), "keep 8 bits where a device adds up its micro-batches"));
    EXPECT_TRUE(says(summary(Stage::exchange), "keep 8 bits where the devices' gradients are added up"));
    EXPECT_TRUE(says(summary(Stage::micro), "keep 8 bits where the samples of a micro-batch are added up"));
    EXPECT_FALSE(says(summary(Stage::exchange), "where a device"));
}

}  // namespace isobatch
