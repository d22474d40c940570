#include "trace/trace.h"

#include <cmath>
#include <functional>
#include <set>

#include "tests/base/expect.h"
#include "tests/trace/small_trace.h"

namespace isobatch {
namespace {

using Change = std::function<void(Trace&)>;

TEST(ContentDigest, IsTheSameForTheSameContent) {
    EXPECT_EQ(content_digest(small_trace()), content_digest(small_trace()));
    EXPECT_TRUE(content_digest(small_trace()).starts_with("xxh3:"));
}

TEST(ContentDigest, DiffersForEveryChangeThatACandidateCouldFollow) {
    const std::pair<const char*, Change> changes[] = {
        {"none", [](Trace&) {}},
        {"clip threshold", [](Trace& t) { *t.ranks[0][0].clip_threshold *= 2; }},
        {"learning rate", [](Trace& t) { t.ranks[0][0].lr[0] *= 2; }},
        {"step number", [](Trace& t) { t.ranks[0][1].number = 9; }},
        {"no step number", [](Trace& t) { t.ranks[0][1].number.reset(); }},
        {"epoch", [](Trace& t) { t.ranks[0][1].epoch = 2; }},
        {"loss", [](Trace& t) { t.ranks[0][0].loss = std::nextafter(*t.ranks[0][0].loss, 9); }},
        {"no loss", [](Trace& t) { t.ranks[0][0].loss.reset(); }},
        {"loss of zero where there was none", [](Trace& t) { t.ranks[0][1].loss = 0; }},
        {"sample", [](Trace& t) { t.ranks[1][0].micros[0].samples[1] = "x"; }},
        {"order of samples",
         [](Trace& t) { std::swap(t.ranks[1][0].micros[0].samples[0], t.ranks[1][0].micros[0].samples[1]); }},
        {"sample in the next micro",
         [](Trace& t) {
             auto& micros = t.ranks[0][0].micros;
             micros[1].samples.insert(micros[1].samples.begin(), micros[0].samples.back());
             micros[0].samples.pop_back();
         }},
        {"units", [](Trace& t) { t.ranks[0][0].micros[0].units += 1; }},
        {"loss of a micro", [](Trace& t) { t.ranks[0][0].micros[0].loss += 1; }},
        {"index of a micro", [](Trace& t) { t.ranks[0][0].micros[0].index = 5; }},
        {"one micro fewer", [](Trace& t) { t.ranks[0][0].micros.pop_back(); }},
        {"byte of a tensor",
         [](Trace& t) {
             t.ranks[1][1].tensors["grad/w"] = counting_tensor(Dtype::f64, {2, 3}, 99);
         }},
        {"shape",
         [](Trace& t) {
             t.ranks[1][1].tensors["grad/w"].shape = {3, 2};
         }},
        {"dtype of the same bytes", [](Trace& t) { t.ranks[1][1].tensors["grad/w"].dtype = Dtype::i64; }},
        {"no tensor", [](Trace& t) { t.ranks[1][1].tensors.erase("grad/w"); }},
        {"name of a tensor",
         [](Trace& t) {
             t.ranks[1][1].tensors["grad/v"] = t.ranks[1][1].tensors["grad/w"];
             t.ranks[1][1].tensors.erase("grad/w");
         }},
        {"one step fewer", [](Trace& t) { t.ranks[1].pop_back(); }},
        {"step on the other rank",
         [](Trace& t) {
             t.ranks[1].insert(t.ranks[1].begin(), t.ranks[0].back());
             t.ranks[0].pop_back();
         }},
        {"one rank fewer", [](Trace& t) { t.ranks.pop_back(); }},
        {"an empty rank more", [](Trace& t) { t.ranks.emplace_back(); }},
        {"order of the ranks", [](Trace& t) { std::swap(t.ranks[0], t.ranks[1]); }},
    };
    std::set<std::string> seen;
    for (const auto& [name, change] : changes) {
        Trace trace = small_trace();
        change(trace);
        EXPECT_TRUE(seen.insert(content_digest(trace)).second) << name;
    }
}

TEST(ContentDigest, AnIdThatSpellsAMicroIsNotOne) {
    const auto with = [](std::vector<std::string> first, std::vector<std::string> second) {
        Trace trace = small_trace();
        trace.ranks[0][0].micros = {{0, std::move(first)}, {1, std::move(second)}};
        return content_digest(trace);
    };
    EXPECT_NE(with({"1 0 0 0"}, {}), with({}, {"1 0 0 0"}));
    EXPECT_NE(with({"1 0 0 1"}, {}), with({}, {"1 0 0 1"}));
}

TEST(ContentDigest, TakesTheTensorsThatARunStartsFromOrRoundsBy) {
    std::set<std::string> seen{content_digest(small_trace())};
    for (const char* key : {"param/w", "opt/momentum/w", "scale/w"}) {
        Trace trace = small_trace();
        trace.ranks[0][0].tensors[key] = counting_tensor(Dtype::f32, {3}, 1);
        EXPECT_TRUE(seen.insert(content_digest(trace)).second) << key;
    }
}

TEST(ContentDigest, TimesAreNoContentAndNothingThatOnlyAJudgeReads) {
    Trace trace = small_trace();
    trace.ranks[0][0].tensors["sample/0/w"] = trace.ranks[0][0].tensors["exact/w"] =
        counting_tensor(Dtype::f32, {3}, 1);
    trace.ranks[0][0].step_ms = 99;
    trace.ranks[0][0].micros[0].forward_ms = 99;
    trace.ranks[0][0].micros[0].backward_ms = 99;
    trace.manifest.provenance["threads"] = "8";
    EXPECT_EQ(content_digest(trace), content_digest(small_trace()));
}

/// Without what is not a count.
WindowLayout counts_of(const Trace& trace, std::size_t k) {
    WindowLayout layout = layout_of(trace, k);
    layout.samples.clear();
    layout.accum = 1;
    layout.moment = {};
    for (MicroCount& micro : layout.micros) micro.padded_units = 0;
    return layout;
}

TEST(LayoutOf, CountsSamplesAndUnitsOverAllRanks) {
    WindowLayout first{{{0, 0, 2, 3}, {0, 1, 2, 7}, {1, 0, 2, 5}, {1, 1, 2, 9}}, false, {.places = 2}, 2.5},
        third{{{0, 0, 2, 19}, {1, 0, 1, 21}}, true, 2};
    first.averaged = third.averaged = true;  // as its counters say
    EXPECT_EQ(counts_of(small_trace(), 0), first);
    EXPECT_EQ(counts_of(small_trace(), 2), third);
    Trace plain = small_trace();
    for (std::vector<Step>& rank : plain.ranks)
        for (Step& step : rank) step.counters.ema_updates = 0;
    EXPECT_FALSE(counts_of(plain, 0).averaged);
    EXPECT_FALSE(counts_of(plain, 0).counts_steps);
    plain.ranks[1][0].counters.counted_steps = 1;
    EXPECT_TRUE(counts_of(plain, 0).counts_steps);
    EXPECT_FALSE(counts_of(plain, 2).counts_steps);
}

TEST(LayoutOf, TakesARankThatEndedEarly) {
    Trace trace = small_trace();
    trace.ranks[0].resize(1);
    WindowLayout second{{{1, 0, 2, 13}, {1, 1, 2, 17}}, true, 2};
    second.averaged = true;
    EXPECT_EQ(counts_of(trace, 1), second);
    EXPECT_EQ(layouts_of(trace).size(), 3u) << "as many as the longest rank has";
}

TEST(LayoutOf, KnowsTheRestartBeforeIt) {
    Trace trace = small_trace();
    trace.ranks[0][0].events.emplace_back("restart");
    trace.ranks[0][2].epoch = trace.ranks[1][2].epoch = 2;
    const std::vector<WindowLayout> all = layouts_of(trace);
    const std::pair<std::int64_t, bool> expected[] = {{0, false}, {1, true}, {1, false}};
    for (std::size_t k = 0; k < 3; ++k) {
        const Moment moment = layout_of(trace, k).moment;
        EXPECT_EQ(std::pair(moment.restart, moment.in_restarted_epoch), expected[k]) << k;
        EXPECT_EQ(all[k].moment, moment) << k;
    }
    trace.ranks[0][0].events.emplace_back("zero");
    EXPECT_EQ(layout_of(trace, 1).moment.restart, 0) << "it is the last event of a step";
}

TEST(LayoutOf, KnowsWhichSamplesOfWhichEpochAreCutIntoHowMany) {
    Trace trace = small_trace();
    trace.ranks[0][2].epoch = trace.ranks[1][2].epoch = 2;
    trace.ranks[0][2].micros[0].padded_units = 4.5;
    const WindowLayout layout = layout_of(trace, 2);
    EXPECT_EQ(layout.moment, (Moment{3, 2, trace.manifest.epochs == 2}));
    EXPECT_EQ(layout_of(trace, 1).moment, (Moment{2, 1, true})) << "another epoch follows";
    EXPECT_EQ(layout_of(trace, 0).moment, (Moment{1, 1, false}));
    trace.manifest.epochs = 2;
    EXPECT_TRUE(layout_of(trace, 2).moment.ends_epoch) << "the run's last one";
    trace.manifest.engine = "outside";
    EXPECT_FALSE(layout_of(trace, 2).moment.ends_epoch) << "it may go on";
    trace.manifest.engine = "serial";
    EXPECT_EQ(layout.accum, trace.manifest.split.accum);
    EXPECT_EQ(layout.micros[0].padded_units, 4.5);
    EXPECT_EQ(padded_units_of(layout), 4.5 + layout.micros[1].padded_units);
    std::vector<std::string> held;
    for (const auto& rank : trace.ranks)
        for (const std::string& sample : rank[2].micros[0].samples) held.push_back(sample);
    std::sort(held.begin(), held.end());
    EXPECT_EQ(layout.samples, held);
    EXPECT_EQ(samples_of(layout), std::ssize(held));
}

TEST(LayoutsOf, HoldsEveryWindow) {
    const Trace trace = small_trace();
    const std::vector<WindowLayout> windows = layouts_of(trace);
    ASSERT_EQ(windows.size(), 3u);
    double entries = 0;
    for (const Parameter& parameter : trace.manifest.parameters) {
        double count = 1;
        for (const std::int64_t side : parameter.shape) count *= static_cast<double>(side);
        entries += count;
    }
    for (std::size_t k = 0; k < 3; ++k) {
        WindowLayout expected = layout_of(trace, k);
        expected.recipe = trace.manifest.recipe;
        expected.entries = entries;
        EXPECT_EQ(windows[k], expected);
    }
    EXPECT_TRUE(layouts_of({}).empty());
}

}  // namespace
}  // namespace isobatch
