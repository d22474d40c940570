#include "plan/trial.h"

#include <limits>
#include <set>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

/// A word as it may stand in a trial: no blank, and no dash in front.
rc::Gen<std::string> word() {
    const auto letter = rc::gen::oneOf(rc::gen::inRange('a', static_cast<char>('z' + 1)),
                                       rc::gen::element('A', '9', '_', '.', '/', ':', '-', '\x1b', '\n'));
    return rc::gen::map(rc::gen::container<std::string>(letter), [](std::string text) { return "w" + text; });
}

rc::Gen<Trial> any_trial() {
    const auto side = rc::gen::inRange<std::int64_t>(1, 1000);
    return rc::gen::build<Trial>(
        rc::gen::set(&Trial::subject, word()), rc::gen::set(&Trial::split, rc::gen::construct<Split>(side, side, side)),
        rc::gen::set(&Trial::engine, word()), rc::gen::set(&Trial::device, word()),
        rc::gen::set(&Trial::recipe, rc::gen::element(Recipe::fp64, Recipe::fp32)),
        rc::gen::set(&Trial::seed,
                     rc::gen::map(rc::gen::arbitrary<std::uint64_t>(), [](std::uint64_t s) { return s >> 1; })),
        rc::gen::set(&Trial::samples, rc::gen::inRange<std::int64_t>(1, (1 << 24) + 1)),
        rc::gen::set(&Trial::lengths, rc::gen::element(Lengths::ragged, Lengths::equal)),
        rc::gen::set(&Trial::epochs, rc::gen::inRange(1, 1001)),
        rc::gen::set(&Trial::copies, rc::gen::inRange(1, 1025)),
        rc::gen::set(&Trial::optimizer,
                     rc::gen::element<std::string>("", "sgd", "momentum", "nesterov", "adam", "adamw")),
        rc::gen::set(&Trial::threads, rc::gen::inRange(1, 257)),
        rc::gen::set(&Trial::identities, rc::gen::element<std::string>("", "all", "scale", "swap-micros,null-micro")),
        rc::gen::set(&Trial::trajectory, rc::gen::inRange(0, 257)),
        rc::gen::set(&Trial::fault, rc::gen::oneOf(rc::gen::just(std::string()), word())));
}

TEST(Trial, PrintsEveryChoice) {
    EXPECT_EQ(to_string(Trial{}),
              "gpt --splits 16x1x1 --engine serial --device cpu --recipe fp64 --seed 1 --samples 43 --lengths ragged "
              "--epochs 2");
    const Trial trial{"mlp",
                      {4, 2, 2},
                      "gloo",
                      "cuda",
                      Recipe::fp32,
                      7,
                      48,
                      Lengths::equal,
                      3,
                      "zero-grad-in-window",
                      2,
                      "adam",
                      4,
                      "scale,null-micro",
                      8};
    EXPECT_EQ(to_string(trial),
              "mlp --splits 4x2x2 --engine gloo --device cuda --recipe fp32 --seed 7 --samples 48 --lengths equal "
              "--epochs 3 --copies 2 --optimizer adam --threads 4 --identities scale,null-micro "
              "--trajectory 8 --fault zero-grad-in-window");
}

TEST(Trial, TextReadsBack) {
    expect_law(500, [] {
        const Trial trial = *any_trial();
        RC_LOG() << to_string(trial);
        RC_ASSERT(parse_trial(to_string(trial)) == trial);
    });
}

TEST(Trial, OptionsMayBeLeftOutAndReordered) {
    EXPECT_EQ(parse_trial("gpt"), Trial{});
    EXPECT_EQ(parse_trial("lesson --epochs 5 --splits 2x2x4"),
              (Trial{.subject = "lesson", .split = {2, 2, 4}, .epochs = 5}));
}

TEST(Trial, NumbersReachTheirLimitsAndNoFurther) {
    EXPECT_EQ(parse_trial("a --seed 0").seed, 0u);
    EXPECT_EQ(parse_trial("a --seed 9223372036854775807").seed, 9223372036854775807u);
    EXPECT_EQ(parse_trial("a --samples 16777216").samples, 16777216);
    EXPECT_EQ(parse_trial("a --epochs 1000").epochs, 1000);
    const auto refused = [](const std::string& option, const std::string& value, const std::string& range) {
        const Error error = error_of([&] { parse_trial("a " + option + " " + value); });
        EXPECT_EQ(error.problem(), option + " is \"" + value + "\"");
        EXPECT_EQ(error.next(), "give a whole number " + range);
    };
    for (const char* value : {"-1", "9223372036854775808", "99999999999999999999", "", "1e3", "x"})
        refused("--seed", value, "from 0 to 9223372036854775807");
    for (const char* value : {"0", "-1", "16777217", "1.5", ""}) refused("--samples", value, "from 1 to 16777216");
    for (const char* value : {"0", "1001", "two"}) refused("--epochs", value, "from 1 to 1000");
}

TEST(Trial, MalformedTextNamesWhatIsWrong) {
    EXPECT_TRUE(says(error_of([] { parse_trial(""); }).problem(), "name of a case"));
    EXPECT_TRUE(says(error_of([] { parse_trial("--seed 1"); }).problem(), "name of a case"));
    EXPECT_TRUE(says(error_of([] { parse_trial(" gpt"); }).problem(), "name of a case"));
    EXPECT_TRUE(says(error_of([] { parse_trial("gpt --seed"); }).problem(), "\"--seed\" has no value"));
    EXPECT_TRUE(says(error_of([] { parse_trial("gpt --seed 1 --epochs"); }).problem(), "\"--epochs\" has no value"));
    EXPECT_TRUE(says(error_of([] { parse_trial("gpt --sead 1"); }).problem(), "unknown option \"--sead\""));
    EXPECT_TRUE(says(error_of([] { parse_trial("gpt seed 1"); }).problem(), "unknown option \"seed\""));
    EXPECT_TRUE(says(error_of([] { parse_trial("gpt --splits 4x4"); }).problem(), "three factors"));
    EXPECT_TRUE(says(error_of([] { parse_trial("gpt --recipe fp8"); }).problem(), "fp8"));
    EXPECT_TRUE(says(error_of([] { parse_trial("gpt --lengths long"); }).problem(), "unknown lengths \"long\""));
    EXPECT_TRUE(says(error_of([] { parse_trial("gpt --identities swap"); }).problem(), "unknown identity \"swap\""));
    EXPECT_TRUE(says(error_of([] { parse_trial("gpt --identities "); }).problem(), "no identity"));
    EXPECT_TRUE(says(error_of([] { parse_trial("gpt --trajectory 0"); }).next(), "from 1 to 256"));
    const std::string shown = error_of([] { parse_trial("gpt \x1b[2J x"); }).what();
    EXPECT_TRUE(says(shown, "\\x1b[2J"));
}

TEST(Trial, ARestartIsOfTheCandidate) {
    const Trial trial = parse_trial("gpt --splits 4x4x1 --restart 3");
    EXPECT_EQ(trial.restart, 3);
    EXPECT_TRUE(to_string(trial).ends_with(" --restart 3"));
    EXPECT_EQ(parse_trial(to_string(trial)), trial);
    EXPECT_EQ(reference_of(trial, false).restart, 0);
    EXPECT_TRUE(says(error_of([] { parse_trial("gpt --restart 0"); }).next(), "from 1 to"));
}

TEST(Trial, MemoryIsBytesOfARankThatHasAProcess) {
    const Trial bounded = parse_trial("gpt --splits 4x4x1 --memory 1.5MiB");
    EXPECT_EQ(bounded.memory, 3 << 19);
    EXPECT_TRUE(to_string(bounded).ends_with(" --memory 1572864"));
    EXPECT_EQ(parse_trial(to_string(bounded)), bounded);
    EXPECT_EQ(parse_trial("gpt --splits 4x2x2 --engine gloo --memory 1").memory, 1);
    EXPECT_EQ(reference_of(bounded, false).memory, 0) << "it takes what it needs";
    EXPECT_TRUE(says(error_of([] { parse_trial("gpt --memory 0"); }).where(), "--memory"));
    const auto refused = [](const std::string& words, const char* why, const char* remedy) {
        const Error error = error_of([&] { parse_trial("gpt --memory 1MiB " + words); });
        EXPECT_TRUE(says(error.problem(), why)) << words;
        EXPECT_EQ(error.where(), "--memory 1048576");
        EXPECT_TRUE(says(error.next(), remedy)) << words;
    };
    refused("--splits 4x2x2", "ranks of 4x2x2 in one process", "--engine gloo");
    refused("--splits 4x4x1 --copies 2", "in one process", "--engine gloo");
    EXPECT_EQ(parse_trial("gpt --device cuda --memory 1MiB").memory, 1 << 20);
}

TEST(Trial, Tf32IsRefusedWhereThereIsNone) {
    const Error error = error_of([] { parse_trial("gpt --recipe tf32"); });
    EXPECT_TRUE(says(error.problem(), "the CPU has none of it"));
    EXPECT_EQ(error.where(), "--recipe tf32");
    EXPECT_TRUE(says(error.next(), "--device cuda"));
    EXPECT_EQ(parse_trial("gpt --recipe tf32 --device cuda:1").recipe, Recipe::tf32);
    EXPECT_EQ(parse_trial("outside --engine outside --recipe tf32").recipe, Recipe::tf32) << "which its trace says";
}

TEST(Lengths, TextReadsBack) {
    for (const Lengths lengths : {Lengths::ragged, Lengths::equal})
        EXPECT_EQ(parse_lengths(to_string(lengths)), lengths);
    EXPECT_EQ(to_string(Lengths::ragged), "ragged");
    EXPECT_EQ(to_string(Lengths::equal), "equal");
    EXPECT_TRUE(says(error_of([] { parse_lengths(""); }).next(), "ragged or equal"));
}

TEST(TrialFileName, IsSafeForHostileTextAndNotTooLong) {
    expect_law(300, [] {
        Trial trial = *any_trial();
        trial.subject = *rc::gen::arbitrary<std::string>() + trial.subject +
                        std::string(*rc::gen::element<std::size_t>(0, 300), 's');
        const std::string name = file_name(trial);
        RC_ASSERT(name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
                  std::string::npos);
        RC_ASSERT(name.size() >= 16u && name.size() <= 200u);
    });
}

TEST(TrialFileName, ShowsTheChoicesThatDiffer) {
    EXPECT_TRUE(says(file_name(Trial{}), "gpt-16x1x1-serial-cpu-fp64-"));
    EXPECT_TRUE(
        says(file_name({.subject = "../a b", .fault = "zero-grad"}), "___a_b-16x1x1-serial-cpu-fp64-zero-grad-"));
}

TEST(TrialFileName, IsUniqueWhereTheReadablePartIsNot) {
    const std::string name = file_name(Trial{});
    EXPECT_EQ(name.size() - name.rfind('-') - 1, 16u) << "64 bits: with 32, ten thousands of trials would meet";
    std::set<std::string> seen;
    Trial trial;
    for (trial.seed = 0; trial.seed < 20'000; ++trial.seed)
        ASSERT_TRUE(seen.insert(file_name(trial)).second) << trial.seed;
    EXPECT_NE(file_name({.subject = "a b"}), file_name({.subject = "a_b"}));
    EXPECT_NE(file_name({.subject = std::string(300, 's')}),
              file_name({.subject = std::string(300, 's'), .fault = "f"}));
}

TEST(ParseTrial, OnlyAnOutsideTrainerSumsInFewBits) {
    EXPECT_EQ(parse_trial("outside --splits 4x4x1 --engine outside --recipe bf16-sum").recipe, Recipe::bf16_sum);
    EXPECT_TRUE(
        says(error_of([] { parse_trial("mlp --splits 4x4x1 --recipe bf16-sum"); }).where(), "--recipe bf16-sum"));
}

TEST(ReferenceOf, IsTheUnfaultedLargeBatchOfTheSameData) {
    const Trial trial{"mlp", {4, 2, 2}, "gloo", "cuda", Recipe::fp32, 7, 48, Lengths::equal, 3, "zero-grad-in-window",
                      2,     "",        1,      "all"};
    const Trial large{"mlp", {16, 1, 1}, "serial", "cuda", Recipe::fp32, 7, 48, Lengths::equal, 3, ""};
    EXPECT_EQ(reference_of(trial, false), large);
    Trial same_micros = large;
    same_micros.split = {4, 4, 1};
    EXPECT_EQ(reference_of(trial, true), same_micros);
}

TEST(DefaultSamples, LeaveARaggedThirdWindow) {
    EXPECT_EQ(default_samples(16, Lengths::ragged), 43);
    EXPECT_EQ(default_samples(32, Lengths::ragged), 86);
    EXPECT_EQ(default_samples(1, Lengths::ragged), 2);
    for (std::int64_t effective = 2; effective <= 1000; ++effective) {
        const std::int64_t samples = default_samples(effective, Lengths::ragged);
        ASSERT_TRUE(samples > 2 * effective && samples < 3 * effective) << effective;
    }
    EXPECT_EQ(default_samples(max_effective, Lengths::ragged), max_effective / 16 * 43);
}

TEST(DefaultSamples, AreWholeWindowsForEqualLengths) {
    for (const std::int64_t effective : {1, 2, 16, 48})
        EXPECT_EQ(default_samples(effective, Lengths::equal), 3 * effective);
}

}  // namespace
}  // namespace isobatch
