#include "diagnose/evidence.h"

#include <cmath>
#include <functional>
#include <limits>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

/// One with every field filled.
Evidence evidence() {
    WindowEvidence window{
        .step = 2,
        .window = 3,
        .samples = {"a", "b \"c\"", "d"},
        .sample_units = {1.5, 0, std::nan("")},
        .micro_of = {1, 0, 1},
        .layout = {{{0, 0, 1, 0.1, 0.3}, {7, 3, 2, 1e300, 2e300}},
                   true,
                   {.places = 8},
                   0,
                   false,
                   false,
                   false,
                   true,
                   true,
                   5,
                   {2, 4, true, 1, true}},
        .steps = 2,
        .schedule_steps = 7,
        .averages = 3,
        .counted = 4,
        .updating = Updating::unskipped,
        .restarts = true,
        .decays = true,
        .keeps_statistics = true,
        .lr_ratio = 0.1,
        .padding = 1.5,
        .condition = std::numeric_limits<double>::infinity(),
        .weight_tolerance = 1.0 / 3,
        .clipping = {Clipping::scaled, Clipping::told_another},
        .reporting = {Reporting::last_micro, Reporting::scaled},
        .clipped_each_micro = {0.5, 1},
        .clipped_each_rank = {1.0 / 3, 1},
        .terms = {{"penalty \"p\"", 0.1}, {"q", std::numeric_limits<double>::infinity()}},
        .refused = "why",
        .recovered = {{{0, 5}, {1, -0.0, std::nan("")}, {0.5}, 1e-17, {"a \"b\""}, {-2, std::nan("")}},
                      {{1}, {0, 0, 0}, {}, 0, {}, {0, 3}}}};
    window.layout.samples = window.samples;
    window.layout.recipe = Recipe::fp16_autocast;
    return {{window, WindowEvidence{.step = 1}},
            {3, 6},
            {6},
            {6},
            {std::int64_t{1} << 40},
            {{Stray::padded, Stray::repeated_micro}},
            {{Stage::micro, 8}, {Stage::exchange, 64}},
            1.0 / 3,
            2.5,
            {{3, 0.75, -2}, {4, 1, 5}}};
}

/// Every field, so that a new one does not compile here until its way through a file is tested.
auto fields(const Recovered& recovered) {
    const auto& [ranks, weights, stale, residual, tensors, terms, units, alike, by_micros] = recovered;
    return std::tie(ranks, residual, tensors, alike, by_micros);
}

void expect_same_numbers(const std::vector<double>& a, const std::vector<double>& b) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])));
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_EQ(std::signbit(a[i]), std::signbit(b[i]));
}

void expect_same(const WindowEvidence& left, const WindowEvidence& right) {
    const auto plain = [](const WindowEvidence& window) {
        const auto& [step, number, samples, sample_units, micro_of, layout, steps, schedule_steps, averages, counted,
                     updating, restarts, decays, statistics, lr_ratio, padding, condition, weight_tolerance, clipping,
                     reporting, each_micro, each_rank, terms, refused, recovered] = window;
        return std::tie(step, number, samples, micro_of, layout, steps, schedule_steps, averages, counted, updating,
                        restarts, decays, statistics, lr_ratio, padding, clipping, reporting, each_micro, each_rank,
                        condition, weight_tolerance, terms, refused);
    };
    EXPECT_EQ(plain(left), plain(right));
    expect_same_numbers(left.sample_units, right.sample_units);
    ASSERT_EQ(left.recovered.size(), right.recovered.size());
    for (std::size_t i = 0; i < left.recovered.size(); ++i) {
        EXPECT_EQ(fields(left.recovered[i]), fields(right.recovered[i]));
        expect_same_numbers(left.recovered[i].weights, right.recovered[i].weights);
        expect_same_numbers(left.recovered[i].stale, right.recovered[i].stale);
        expect_same_numbers(left.recovered[i].terms, right.recovered[i].terms);
        ASSERT_EQ(left.recovered[i].units.size(), right.recovered[i].units.size());
        for (std::size_t k = 0; k < left.recovered[i].units.size(); ++k)
            expect_same_numbers(left.recovered[i].units[k], right.recovered[i].units[k]);
    }
}

TEST(Evidence, ReadsBackFromItsJson) {
    const Evidence good = evidence(), read = evidence_from_json(parse_json(to_json(good).dump(), "file"), "file");
    const auto& [windows, missing, ragged, unfilled, strangers, strays, widths, narrow, coupling, paces] = read;
    EXPECT_EQ(missing, good.missing);
    EXPECT_EQ(ragged, good.ragged);
    EXPECT_EQ(unfilled, good.unfilled);
    EXPECT_EQ(strangers, good.strangers);
    EXPECT_EQ(strays, good.strays);
    EXPECT_EQ(widths, good.widths);
    EXPECT_EQ(narrow, good.narrow);
    EXPECT_EQ(coupling, good.coupling);
    EXPECT_EQ(paces, good.paces);
    ASSERT_EQ(windows.size(), 2u);
    expect_same(windows[0], good.windows[0]);
    expect_same(windows[1], good.windows[1]);
    EXPECT_EQ(to_json(read).dump(), to_json(good).dump());
    EXPECT_EQ(to_json(evidence_from_json(to_json(Evidence{}), "file")), to_json(Evidence{}));
}

TEST(Evidence, ListsThatDoNotFitEachOtherAreAnError) {
    const std::function<void(WindowEvidence&)> damages[] = {
        [](WindowEvidence& w) { w.micro_of[1] = 2; },
        [](WindowEvidence& w) { w.micro_of[2] = 1 << 30; },
        [](WindowEvidence& w) { w.micro_of.pop_back(); },
        [](WindowEvidence& w) { w.micro_of.push_back(0); },
        [](WindowEvidence& w) { w.layout.micros.pop_back(); },
        [](WindowEvidence& w) { w.layout.micros.clear(); },
        [](WindowEvidence& w) { w.sample_units.pop_back(); },
        [](WindowEvidence& w) { w.sample_units.push_back(1); },
        [](WindowEvidence& w) { w.samples.pop_back(); },
        [](WindowEvidence& w) { w.clipped_each_micro.pop_back(); },
        [](WindowEvidence& w) { w.clipped_each_rank.push_back(1); },
        [](WindowEvidence& w) { w.recovered[0].weights.pop_back(); },
        [](WindowEvidence& w) { w.recovered[1].weights.push_back(1); },
        [](WindowEvidence& w) { w.recovered[1].ranks.clear(); },
    };
    for (const auto& damage : damages) {
        Evidence bad = evidence();
        damage(bad.windows[0]);
        const Error error = error_of([&] { evidence_from_json(to_json(bad), "trials/a.json"); });
        EXPECT_TRUE(says(error.what(), "does not fit"));
        EXPECT_TRUE(error.where().starts_with("trials/a.json"));
    }
}

TEST(Evidence, AWidthIsOfAStageAndHasBits) {
    for (const auto& [field, bad] :
         {std::pair{"stage", Json("rank\x1b")}, {"stage", Json(1)}, {"bits", Json(0)}, {"bits", Json(65)}}) {
        Json damaged = to_json(evidence());
        damaged["widths"][0][field] = bad;
        EXPECT_EQ(error_of([&] { evidence_from_json(damaged, "file"); }).where(), "file") << bad;
    }
}

TEST(Evidence, CountsAreWithinTheirRange) {
    const char* counts[] = {"/windows/0/step",
                            "/windows/0/window",
                            "/windows/0/micros/0/rank",
                            "/windows/0/micros/0/micro",
                            "/windows/0/micros/0/samples",
                            "/windows/0/micro_of/0",
                            "/windows/0/recovered/0/ranks/0",
                            "/missing/0",
                            "/ragged/0",
                            "/unfilled/0",
                            "/strangers/0",
                            "/windows/0/accum",
                            "/windows/0/steps",
                            "/windows/0/schedule_steps",
                            "/windows/0/averages"};
    for (const char* count : counts) {
        for (const Json& bad :
             {Json(-1), Json((std::int64_t{1} << 40) + 1), Json(std::numeric_limits<std::uint64_t>::max()), Json(0.5),
              Json(1e300), Json("1"), Json()}) {
            Json damaged = to_json(evidence());
            damaged[Json::json_pointer(count)] = bad;
            EXPECT_EQ(error_of([&] { evidence_from_json(damaged, "file"); }).where(), "file") << count << " " << bad;
        }
    }
}

}  // namespace
}  // namespace isobatch
