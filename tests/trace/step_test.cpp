#include "trace/step.h"

#include <bit>
#include <cmath>

#include "tests/base/expect.h"
#include "tests/trace/small_trace.h"

namespace isobatch {
namespace {

Step through_text(const Step& step) {
    std::string file;
    return parse_step(step_line(step, ""), "test", file);
}

/// What the reader needs at least.
Json minimal() {
    return {{"step", 1},
            {"epoch", 1},
            {"events", Json::array()},
            {"micros", {{{"index", 0}, {"samples", {"7"}}, {"units", 5}, {"loss", 0.5}}}},
            {"lr", Json::array()},
            {"counters", {{"optimizer_steps", 1}, {"scheduler_steps", 0}, {"zero_grads", 1}}}};
}

Step parsed(const Json& object) {
    std::string file;
    return parse_step(object.dump(), "rank0/steps.jsonl, line 1", file);
}

TEST(StepLine, IsTheFormatByteForByte) {
    Step step;
    step.number = 3;
    step.epoch = 2;
    step.events = {"backward 0", "step"};
    step.micros = {{0, {"4", "x"}, 5, 6, 0.1, 0.5, 1.5, 2.5}};
    step.loss = HUGE_VAL;
    step.grad_norm = std::nan("");
    step.lr = {0.001};
    step.counters = {3, 2, 1, 0};
    step.unknown = {{"future", {1}}};
    EXPECT_EQ(
        step_line(step, "step-000003.safetensors"),
        R"({"clip_factor":null,"clip_threshold":null,"counters":{"ema_updates":0,"optimizer_steps":3,"scheduler_steps":2,"zero_grads":1},"epoch":2,)"
        R"("events":["backward 0","step"],"future":[1],"grad_norm":"nan","loss":"inf","lr":[0.001],"micros":[{"backward_ms":2.5,"forward_ms":1.5,)"
        R"("index":0,"loss":0.1,"padded_units":6.0,"samples":["4","x"],"units":5.0,"weight":0.5}],"step":3,"step_ms":0.0,)"
        R"("tensors":"step-000003.safetensors"})");
    EXPECT_EQ(step_line(step, "").find("tensors"), std::string::npos);
}

TEST(StepLine, ReadsBackWithAndWithoutOptionalParts) {
    for (int rank = 0; rank < 2; ++rank)
        for (int number = 1; number <= 3; ++number) {
            Step step = small_step(rank, number);
            step.tensors.clear();
            expect_same(through_text(step), step);
        }
    Step unfinished;
    unfinished.unknown = Json::object();
    expect_same(through_text(unfinished), unfinished);
}

TEST(StepLine, ReadsBackAnyNumbers) {
    expect_law(500, [] {
        const auto number =
            rc::gen::map(rc::gen::resize(100, rc::gen::arbitrary<std::uint64_t>()), [](std::uint64_t bits) {
                const double value = std::bit_cast<double>(bits);
                return std::isnan(value) ? -0.0 : value;  // nan has its own test
            });
        const auto maybe = rc::gen::maybe(number);
        const auto optional = [&]() -> std::optional<double> {
            const auto value = *maybe;
            return value ? std::optional<double>(*value) : std::nullopt;
        };
        const auto count = rc::gen::inRange<std::int64_t>(0, 1'000'000'001);
        Step step;
        step.number = *rc::gen::inRange<std::int64_t>(1, 1'000'000'001);
        step.epoch = *rc::gen::inRange(1, 1'000'000'001);
        step.micros = {
            {*rc::gen::inRange(0, 1'000'000'001), {"a", "é\n\"", ""}, *number, *number, *number, optional(), 0, 0}};
        step.loss = optional();
        step.grad_norm = optional();
        step.clip_threshold = optional();
        step.lr = {*number, *number};
        step.counters = {*count, *count, *count, *count, *count};
        step.free_losses = {*number};
        step.trusted = Trusted{{*number}, *number,
                               *number,   {*number, *number},
                               *number,   *rc::gen::arbitrary<bool>() ? std::optional<double>(*number) : std::nullopt};
        expect_same(through_text(step), step);
        const Step back = through_text(step);
        RC_ASSERT(std::bit_cast<std::uint64_t>(back.lr[0]) ==
                  std::bit_cast<std::uint64_t>(step.lr[0]));  // also the sign of zero
    });
}

TEST(StepLine, KeepsNan) {
    Step step = small_step(0, 1);
    step.loss = step.micros[0].loss = step.lr[0] = std::nan("");
    const Step back = through_text(step);
    EXPECT_TRUE(std::isnan(*back.loss) && std::isnan(back.micros[0].loss) && std::isnan(back.lr[0]));
}

TEST(StepLine, AnIdThatIsNoUtf8IsAnError) {
    Step step = small_step(0, 1);
    step.micros[0].samples[0] = "\xff";
    EXPECT_THROW(step_line(step, ""), Error);
}

TEST(ParseStep, TakesTheLeastThatAWriterGives) {
    const Step step = parsed(minimal());
    EXPECT_EQ(step.number, 1);
    EXPECT_FALSE(step.loss || step.grad_norm || step.clip_threshold || step.trusted || step.micros.at(0).weight);
    EXPECT_EQ(step.micros.at(0).padded_units, 0);
    EXPECT_EQ(step.counters, (Counters{1, 0, 1, 0}));
    EXPECT_TRUE(step.unknown.empty());
    Json nulls = minimal();
    for (const char* optional : {"loss", "grad_norm", "clip_threshold", "step_ms"}) nulls[optional] = nullptr;
    EXPECT_FALSE(parsed(nulls).loss);
}

TEST(ParseStep, TrafficIsCountedOrAbsent) {
    EXPECT_FALSE(parsed(minimal()).collectives);
    Json with = minimal();
    with["collectives"] = Json::object();
    EXPECT_EQ(parsed(with).collectives, Collectives{});
    with["collectives"] = {{"all_reduce", {{"calls", 2}, {"bytes", 3}}}};
    EXPECT_EQ(parsed(with).collectives, (Collectives{{"all_reduce", {2, 3}}}));
    for (const char* bad :
         {"null", "[]", "1", R"({"all_reduce": 1})", R"({"all_reduce": {"calls": 1}})",
          R"({"all_reduce": {"calls": -1, "bytes": 0}})", R"({"all_reduce": {"calls": 0, "bytes": 1e300}})"}) {
        with["collectives"] = Json::parse(bad);
        EXPECT_THROW(parsed(with), Error) << bad;
    }
}

TEST(ParseStep, WhatTheAccumulatorHeldIsSeenOrNot) {
    EXPECT_FALSE(parsed(minimal()).left_over);
    EXPECT_EQ(parsed(minimal()).gradient, "");
    Json with = minimal();
    with["left_over"] = 0;
    with["gradient"] = "crc32:01234567";
    std::string file;
    for (const Step& step : {parsed(with), parse_step(step_line(parsed(with), ""), "again", file)}) {
        EXPECT_EQ(step.left_over, 0);
        EXPECT_EQ(step.gradient, "crc32:01234567");
        EXPECT_TRUE(step.unknown.empty());
    }
    with["left_over"] = "nan";
    EXPECT_TRUE(std::isnan(*parsed(with).left_over));
    with["left_over"] = "much";
    EXPECT_THROW(parsed(with), Error);
}

TEST(ParseStep, WhatAWindowStartedFromAndWhatASketchSaysOfTheWhole) {
    EXPECT_EQ(parsed(minimal()).started, "");
    EXPECT_TRUE(parsed(minimal()).sketched.empty());
    Json with = minimal();
    with["started"] = "crc32:89abcdef";
    with["sketched"] = {{"w", {{"norm", 0.1}, {"digest", "crc32:01234567"}, {"peak", 3}}},
                        {"b", {{"norm", "nan"}, {"digest", ""}}}};
    std::string file;
    for (const Step& step : {parsed(with), parse_step(step_line(parsed(with), ""), "again", file)}) {
        EXPECT_EQ(step.started, "crc32:89abcdef");
        EXPECT_EQ(step.sketched.at("w"), (Whole{0.1, "crc32:01234567"}));
        EXPECT_TRUE(std::isnan(step.sketched.at("b").norm));
        EXPECT_TRUE(step.unknown.empty());
    }
    for (const char* bad :
         {"[1]", "1", R"({"w": 1})", R"({"w": {"norm": 1}})", R"({"w": {"norm": "much", "digest": ""}})"}) {
        with["sketched"] = Json::parse(bad);
        EXPECT_THROW(parsed(with), Error) << bad;
    }
}

TEST(ParseStep, NamesTheTensorsFile) {
    std::string file = "before";
    parse_step(minimal().dump(), "w", file);
    EXPECT_EQ(file, "");
    Json with = minimal();
    with["tensors"] = "step-000001.safetensors";
    parse_step(with.dump(), "w", file);
    EXPECT_EQ(file, "step-000001.safetensors");
}

TEST(ParseStep, KeepsUnknownFieldsThroughAnotherWriting) {
    Json object = minimal();
    object["memory"] = {{"peak_bytes", 123}};
    object["logged"] = nullptr;
    const Step step = parsed(object);
    EXPECT_EQ(step.unknown, (Json{{"memory", {{"peak_bytes", 123}}}, {"logged", nullptr}}));
    EXPECT_EQ(through_text(step).unknown, step.unknown);
}

TEST(ParseStep, AnUnfinishedWindowHasNoNumber) {
    Json object = minimal();
    object["step"] = nullptr;
    EXPECT_FALSE(parsed(object).number);
}

TEST(ParseStep, RefusesAMissingField) {
    for (const char* field : {"step", "epoch", "events", "micros", "lr", "counters"}) {
        Json without = minimal();
        without.erase(field);
        const Error error = error_of([&] { parsed(without); });
        EXPECT_TRUE(says(error.problem(), field));
        EXPECT_TRUE(says(error.where(), "rank0/steps.jsonl, line 1"));
    }
    for (const char* field : {"index", "samples", "units", "loss"}) {
        Json without = minimal();
        without["micros"][0].erase(field);
        EXPECT_TRUE(says(error_of([&] { parsed(without); }).problem(), field));
    }
    for (const char* field : {"optimizer_steps", "scheduler_steps", "zero_grads"}) {
        Json without = minimal();
        without["counters"].erase(field);
        EXPECT_TRUE(says(error_of([&] { parsed(without); }).problem(), field));
    }
    Json half = minimal();
    half["exact_loss"] = 1;
    EXPECT_TRUE(says(error_of([&] { parsed(half); }).problem(), "sample_units"));
}

TEST(ParseStep, RefusesAValueOfTheWrongKindAndNamesIt) {
    const std::pair<const char*, Json> cases[] = {{"/step", 0},
                                                  {"/step", -1},
                                                  {"/step", 1.0},
                                                  {"/step", "1"},
                                                  {"/step", 1'000'000'001},
                                                  {"/epoch", 0},
                                                  {"/epoch", nullptr},
                                                  {"/epoch", 1'000'000'001},
                                                  {"/lr", 0.1},
                                                  {"/lr", nullptr},
                                                  {"/lr", {"fast"}},
                                                  {"/loss", "big"},
                                                  {"/grad_norm", true},
                                                  {"/clip_threshold", Json::array()},
                                                  {"/micros", nullptr},
                                                  {"/micros", Json::object()},
                                                  {"/micros/0/index", -1},
                                                  {"/micros/0/index", 1'000'000'001},
                                                  {"/micros/0/index", 0.5},
                                                  {"/micros/0/units", nullptr},
                                                  {"/micros/0/loss", "0.5"},
                                                  {"/micros/0/weight", "1"},
                                                  {"/counters/optimizer_steps", -1},
                                                  {"/counters/scheduler_steps", 0.5},
                                                  {"/counters/zero_grads", 1'000'000'001},
                                                  {"/counters/ema_updates", "x"}};
    for (const auto& [pointer, value] : cases) {
        Json bad = minimal();
        bad[Json::json_pointer(pointer)] = value;
        const Error error = error_of([&] { parsed(bad); });
        const std::string name = std::string(pointer).substr(std::string(pointer).rfind('/') + 1);
        EXPECT_TRUE(says(error.where(), "rank0/steps.jsonl, line 1")) << pointer << value;
        EXPECT_TRUE(says(error.where(), name)) << pointer << value;
    }
    for (const char* pointer : {"/events", "/micros/0/samples", "/tensors", "/micros/0", "/counters"}) {
        Json bad = minimal();
        bad[Json::json_pointer(pointer)] = 5;
        EXPECT_TRUE(says(error_of([&] { parsed(bad); }).where(), "line 1")) << pointer;
    }
}

TEST(ParseStep, RefusesWhatIsNoObject) {
    std::string file;
    for (const char* line : {"", "[]", "5", "null", "{", "{}", "{\"step\":1,\"step\":2}"})
        EXPECT_THROW(parse_step(line, "w", file), Error) << line;
}

}  // namespace
}  // namespace isobatch
