#include "run/process_engine.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>

#include "run/serial_engine.h"
#include "side_by_side.h"
#include "small_trial.h"

namespace isobatch {

namespace {

constexpr int ranks = 2;

const isobatch::Setup& setup() {
    static const isobatch::Setup made = make_setup(small_trial({1, 2, ranks}));
    return made;
}

Replica replica(int rank) {
    return make_replica(*setup().subject, setup().trial, rank, 6);
}

/// One window as the textbook loop runs it, on the ranks of this engine.
void run_window(Engine& engine, const Window& window) {
    const Decisions correct;
    for (Replica& own : engine.replicas())
        for (const Slice& micro : window.micros) {
            if (micro.place != own.rank) continue;
            engine.forward_begins(own, correct.exchanges_with(window, micro), micro.micro + 1 == window.most_micros());
            const at::Tensor loss =
                setup().subject->loss_sum(*own.model, setup().examples(window.of(micro), at::kDouble));
            engine.backward_begins(loss / correct.divisor(window, micro)).backward();
            engine.backward_ends(own);
        }
    engine.reduce(window);
}

std::vector<at::Tensor> gradients(const Replica& own) {
    std::vector<at::Tensor> all;
    for (const at::Tensor& parameter : own.parameters) all.push_back(gradient_of(parameter).clone());
    return all;
}

bool same(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const auto& x, const auto& y) { return at::equal(x, y); });
}

bool close(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
        return at::allclose(x, y, 1e-12, 1e-14);
    });  // a few u of fp64
}

class EveryExchange : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Gloo, EveryExchange,
                         ::testing::Values("gloo", "gloo:flat", "gloo:bucket=64", "gloo:unused", "gloo:static",
                                           "gloo:view", "gloo:bucket=64:unused:view"));

// Two numbers have one sum in either order, and a half is exact: so two ranks give the bits of the serial engine. Also
// in the second window, with the rebuilt buckets, and in the tail, where rank 1 has one micro and then none.
TEST_P(EveryExchange, TwoRanksGiveTheBitsOfTheSerialEngineInEveryWindow) {
    std::vector<Replica> simulated;
    for (int rank = 0; rank < ranks; ++rank) simulated.push_back(replica(rank));
    SerialEngine serial(std::move(simulated), {}, {.places = ranks});
    std::vector<Window> windows;
    for (const Batch& batch : setup().batches()) windows.push_back(setup().window(batch));
    Batch one = setup().batches()[0];
    one.samples = 1;
    windows.push_back(setup().window(one));
    ASSERT_EQ(windows.back().micros_on(1), 0);
    std::vector<std::vector<at::Tensor>> expected;
    for (const Window& window : windows) {
        run_window(serial, window);
        expected.push_back(gradients(serial.replicas()[0]));
        for (Replica& own : serial.replicas()) own.zero_grad();
    }
    side_by_side({.places = ranks}, [&](int rank, const Groups& groups) {
        ProcessEngine engine(replica(rank), {}, parse_exchange(GetParam()), groups);
        for (std::size_t k = 0; k < windows.size(); ++k) {
            run_window(engine, windows[k]);
            // What a static graph's first window holds of its first micro is averaged before it is summed: other bits.
            const bool learning = k == 0 && parse_exchange(GetParam()).static_graph;
            EXPECT_TRUE(learning ? close(gradients(engine.replicas()[0]), expected[k])
                                 : same(gradients(engine.replicas()[0]), expected[k]))
                << "rank " << rank << ", window " << k;
            engine.replicas()[0].zero_grad();
        }
    });
}

TEST_P(EveryExchange, EveryRankStartsAsRankZero) {
    side_by_side({.places = ranks}, [&](int rank, const Groups& groups) {
        Replica own = replica(rank);
        const at::NoGradGuard no_grad;
        if (rank == 1)
            for (at::Tensor& parameter : own.parameters) parameter.fill_(9);
        ProcessEngine engine(std::move(own), {}, parse_exchange(GetParam()), groups);
        const Replica expected = replica(0);
        for (std::size_t i = 0; i < expected.parameters.size(); ++i)
            EXPECT_TRUE(at::equal(engine.replicas()[0].parameters[i], expected.parameters[i])) << expected.names[i];
    });
}

TEST_P(EveryExchange, RanksWithOtherModelsAreRefused) {
    EXPECT_ANY_THROW(side_by_side({.places = ranks}, [&](int rank, const Groups& groups) {
        Replica own = replica(rank);
        if (rank == 1) own.parameters.pop_back();
        ProcessEngine engine(std::move(own), {}, parse_exchange(GetParam()), groups);
    }));
}

}  // namespace

/// Four places: with the same order of sums only to rounding, in each window, also where some places have no micro.
TEST(ProcessEngine, TwoLevelsGiveWhatTheSerialEngineGives) {
    const Mesh mesh{.places = 4, .inner = 2};
    const isobatch::Setup four = make_setup(small_trial({1, 2, 4}));
    for (const Reduction reduction : {Reduction::mean, Reduction::last_alone}) {
        Decisions decisions;
        decisions.reduction = reduction;
        std::vector<Replica> simulated;
        for (int rank = 0; rank < mesh.ranks(); ++rank) simulated.push_back(replica(rank));
        SerialEngine serial(std::move(simulated), decisions, mesh);
        std::vector<std::vector<std::vector<at::Tensor>>> expected;
        for (const Batch& batch : four.batches()) {
            run_window(serial, four.window(batch));
            expected.emplace_back();
            for (Replica& own : serial.replicas()) {
                expected.back().push_back(gradients(own));
                own.zero_grad();
            }
        }
        side_by_side(mesh, [&](int rank, const Groups& groups) {
            ProcessEngine engine(replica(rank), decisions, parse_exchange("gloo:flat:inner=2"), groups);
            for (std::size_t k = 0; k < expected.size(); ++k) {
                run_window(engine, four.window(four.batches()[k]));
                EXPECT_TRUE(close(gradients(engine.replicas()[0]), expected[k][static_cast<std::size_t>(rank)]))
                    << "rank " << rank << ", window " << k;
                engine.replicas()[0].zero_grad();
            }
        });
    }
}

TEST(ProcessEngine, ALocalBackwardStaysLocal) {
    const Window window = setup().window(setup().batches()[0]);
    std::vector<std::vector<at::Tensor>> seen(ranks);
    side_by_side({.places = ranks}, [&](int rank, const Groups& groups) {
        ProcessEngine engine(replica(rank), {}, parse_exchange("gloo"), groups);
        Replica& own = engine.replicas()[0];
        engine.forward_begins(own, false, false);
        const Slice& micro = window.micros[static_cast<std::size_t>(rank)];
        engine.backward_begins(setup().subject->loss_sum(*own.model, setup().examples(window.of(micro), at::kDouble)))
            .backward();
        engine.reduce(window);  // this rank has micros: what they did not synchronise stays as it is
        seen[static_cast<std::size_t>(rank)] = gradients(own);
    });
    EXPECT_FALSE(same(seen[0], seen[1]));
}

}  // namespace isobatch
