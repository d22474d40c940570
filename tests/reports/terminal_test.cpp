#include "reports/terminal.h"

#include <algorithm>
#include <span>

#include "base/text.h"
#include "tests/base/expect.h"
#include "tests/reports/hostile.h"

namespace isobatch {
namespace {

std::string plain(const Result& result) {
    return terminal_text(result, false);
}

/// Without the colours that a terminal would show.
std::string uncoloured(std::string text) {
    for (const char* code : {"\x1b[0m", "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[33m"})
        for (auto at = text.find(code); at != std::string::npos; at = text.find(code, at))
            text.erase(at, std::string(code).size());
    return text;
}

/// Whether a terminal would do nothing but print it, line by line.
bool is_safe(std::string_view text) {
    while (!text.empty()) {
        const CodePoint first = first_code_point(text);
        if (first.bytes == 0 || (text[0] != '\n' && acts_on_a_terminal(first.value))) return false;
        text.remove_prefix(first.bytes);
    }
    return true;
}

std::string line_with(const std::string& text, const std::string& part) {
    for (const std::string& line : pieces(text, '\n'))
        if (line.find(part) != std::string::npos) return line;
    ADD_FAILURE() << part << " is in no line of\n" << text;
    return {};
}

TEST(TerminalText, HasARowForEverySplit) {
    const std::string text = plain(small_result());
    EXPECT_TRUE(says(text, "\nsplit      outcome         margin  sensitivity   ms/step\n"));
    EXPECT_TRUE(says(text, "\ngpt 4x1x1  identical        0.125      1.5e-11      12.5\n"));
    EXPECT_TRUE(says(text,
                     "\ngpt 2x2x1  divergent      3.5e+03      1.5e-11      12.5\n           └ grad: the gradient of "
                     "2x2x1 is divergent\n"));
    EXPECT_TRUE(says(text,
                     "\ngpt 2x1x2  inconclusive     0.125          inf      12.5\n           └ grad: the gradient of "
                     "2x1x2 is inconclusive\n"));
    EXPECT_TRUE(says(text, "\ngpt 1x4x1  equivalent       0.125      1.5e-11      12.5\n"));
    EXPECT_TRUE(says(text,
                     "\ngpt 1x2x2  crashed              -            -         -\n           └ data: the worker ended "
                     "with signal 11\n"));
}

TEST(TerminalText, CountsTheTrialsThatHoldAnIdentity) {
    EXPECT_FALSE(says(plain(small_result()), "\nidentity "));
    std::vector<Record> records = small_records();
    records[0].verdict.identities = {{Identity::null_micro, 5, 0, ""}, {Identity::swap_micros, 0, 0, "why\x1b"}};
    records[1].verdict.identities = {{Identity::null_micro, 5, 2, ""}, {Identity::swap_micros, 3, 0, ""}};
    records[3].verdict.identities = {{Identity::null_micro, 5, 0, ""}, {Identity::one_device, 0, 0, "why"}};
    const std::string text = plain(assemble("x", records, {}, {}));
    EXPECT_TRUE(says(text, "\nidentity null-micro      held by 2 of 3\n"));
    EXPECT_TRUE(says(text, "\nidentity swap-micros     held by 1 of 1; does not fit 1: why\\x1b\n"));
    EXPECT_TRUE(says(text, "\nidentity one-device      does not fit 1: why\n"));
}

TEST(TerminalText, NamesTheCaseOnlyWhereThereAreSeveral) {
    std::vector<Record> records = small_records();
    records.erase(records.begin() + 4);
    const std::string text = plain(assemble("", records, {}, {}));
    EXPECT_TRUE(says(text, "\n4x1x1  identical "));
    EXPECT_TRUE(says(text, "\nsplit  outcome "));
}

TEST(TerminalText, BeginsWithTheNotesAndEndsWithTheAnswer) {
    const Result result = small_result();
    const std::string text = plain(result);
    EXPECT_TRUE(text.starts_with("data: 11 samples, 2 epochs\nreference: 4x1x1\n\nsplit "));
    EXPECT_TRUE(text.ends_with("\n" + result.summary + "\n"));
    EXPECT_TRUE(says(plain(assemble("", {}, {}, {})), "No trial was run."));
}

TEST(TerminalText, SaysAProblemOnceWhileItStaysTheSame) {
    std::vector<Record> records;
    for (const Split split : {Split{4, 1, 1}, Split{2, 2, 1}, Split{1, 4, 1}}) {
        records.push_back(small_record("gpt", split, Outcome::divergent));
        records.back().verdict.checks[3].message = split.accum == 4 ? "another" : "the same";
    }
    const std::string text = plain(assemble("", records, {}, {}));
    EXPECT_EQ(text.find("grad: the same"), text.rfind("grad: the same"));
    EXPECT_TRUE(says(text, "grad: another"));
}

TEST(TerminalText, AFindingShowsEveryWeightToTenDigits) {
    const Result result = small_result();
    const std::string text = plain(result);
    EXPECT_TRUE(says(text, "token-mean-of-means\n  " + meaning(Cause::token_mean_of_means) +
                               "\n  first seen: step 1, rank 0 in " + result.findings[0].trial + "\n"));
    EXPECT_TRUE(says(text, "  weights of the samples there (1 = right): " + formula(Cause::token_mean_of_means) +
                               "\n"
                               "      sample  rank  micro   units       recovered       predicted\n"
                               "    sample-0     0      0       1    2.0000000000    2.0000000000\n"
                               "    sample-1     0      1       2    0.6666666667    0.6666666667\n"
                               "    sample-2     0      1       1    0.6666666667    0.6666666667\n"
                               "    sample-3     0      1       0     no gradient    0.6666666667\n"
                               "  largest distance between prediction and recovery in the whole matrix: 0\n"));
    for (const Rival& rival : std::span(result.findings[0].rivals).first(3))
        EXPECT_TRUE(says(text, "\n  not " + to_string(rival.cause) + ": " + rival.ruled_out_by + "\n"));
    EXPECT_TRUE(says(text, "\n  remedy: " + result.findings[0].remedy + "\n  seen before in: " +
                               result.findings[0].precedent + "\n  repeat: " + result.findings[0].repro + "\n"));
    EXPECT_EQ(text.find("seen before in: none"), std::string::npos);  // of `unknown`
    EXPECT_EQ(text.find("tell them apart"), std::string::npos);
}

TEST(TerminalText, AFindingShowsTheWeightsOfUnitsThatWereReadOneByOne) {
    Result result = small_result();
    result.findings = {odd_finding()};
    result.findings[0].weights[1].units_recovered = {1, -1e-12, not_a_number, 0.12345};
    result.findings[0].weights[1].units_predicted = {1, 0, 1, 0.5};
    result.findings[0].weights[2].units_recovered.assign(35, 1);
    const std::string text = plain(result);
    EXPECT_TRUE(says(text,
                     "    sample-1     0      1       1  -12345.6780000000    0.0000000000\n"
                     "              unit by unit: 1 0 - 0.123\n"
                     "              predicted:    1 0 1 0.5\n"
                     "    sample-2 "));
    EXPECT_TRUE(says(text, " 1 1 and 3 more\n    gradient of 2 window(s)")) << "32 of them";
    EXPECT_EQ(plain(small_result()).find("unit by unit"), std::string::npos);
}

TEST(TerminalText, SaysWhatIsPaidForNothing) {
    const Result result = small_result();
    ASSERT_EQ(result.waste.size(), 1u);
    const Waste& waste = result.waste[0];
    EXPECT_TRUE(says(plain(result),
                     "\ncost: " + waste.summary + "\n  remedy: " + waste.remedy + "\n  repeat: " + waste.repro + "\n"));
}

TEST(TerminalText, AFindingShowsWhatIsLeftOfEarlierGradients) {
    Result result = small_result();
    result.findings = {odd_finding()};
    const std::string text = plain(result);
    EXPECT_TRUE(says(text, "\nnot-zeroed-after-step or zero-grad-in-window\n"));
    EXPECT_TRUE(says(text,
                     "    sample-0     0      0     2.5             inf    1.0000000000\n"
                     "    sample-1     0      1       1  -12345.6780000000    0.0000000000\n"
                     "    sample-2     1      0     nan    0.0000000000               -\n"
                     "    gradient of 2 window(s) before: 0.2500000000\n"
                     "    gradient of 1 window(s) before: 1.0000000000\n"
                     "    the <penalty> of the loss, beyond its share in the samples: 14.5000000000 times, predicted "
                     "15.0000000000 (0 = right)\n"
                     "  largest distance between prediction and recovery in the whole matrix: 0.75\n"
                     "  not unknown: the rival\n"
                     "  to tell them apart: the separation\n"));
    result.findings[0].worst_error = not_a_number;
    EXPECT_EQ(plain(result).find("largest distance"), std::string::npos);
}

TEST(TerminalText, SaysWhatWasNotTestedAndHowTo) {
    const std::string text = plain(small_result());
    EXPECT_TRUE(says(text, "\nuntested: tail of gpt — " + meaning(Claim::tail) +
                               ". No split and window of this matrix could have shown a breach.\n  to test it: " +
                               how_to_test(Claim::tail) + "\n"));
    EXPECT_TRUE(says(line_with(text, "untested: schedule of gpt"), "could have shown a breach (allowed)."));
    EXPECT_TRUE(says(text, "untested: state of mlp"));
    EXPECT_EQ(text.find("untested: scale"), std::string::npos);
}

TEST(TerminalText, ColoursOnlyWhenAsked) {
    const Result result = small_result();
    const std::string text = terminal_text(result, true);
    EXPECT_EQ(plain(result).find('\x1b'), std::string::npos);
    EXPECT_EQ(uncoloured(text), plain(result));  // the colour is never the only meaning, and no column moves
    EXPECT_TRUE(says(text, "\x1b[32midentical\x1b[0m"));
    EXPECT_TRUE(says(text, "\x1b[32mequivalent\x1b[0m"));
    EXPECT_TRUE(says(text, "\x1b[33minconclusive\x1b[0m"));
    EXPECT_TRUE(says(text, "\x1b[31mdivergent\x1b[0m"));
    EXPECT_TRUE(says(text, "\x1b[31mcrashed\x1b[0m"));
    EXPECT_TRUE(says(text, "\x1b[1mtoken-mean-of-means\x1b[0m"));
    EXPECT_TRUE(text.ends_with("\x1b[31m" + result.summary + "\x1b[0m\n"));
    EXPECT_EQ(coloured(Outcome::divergent, false), "divergent");
}

TEST(TerminalText, PrintsNoControlCharacterOfATextFromOutside) {
    const std::string harmless = plain(harmless_result());
    for (const std::string& text : hostile_texts()) {
        const std::string printed = plain(hostile_result(text));
        EXPECT_EQ(std::count(printed.begin(), printed.end(), '\n'), std::count(harmless.begin(), harmless.end(), '\n'))
            << "a line was forged by " << shown(text);
        EXPECT_TRUE(is_safe(printed)) << shown(text);
        EXPECT_EQ(uncoloured(terminal_text(hostile_result(text), true)), printed) << shown(text);
    }
}

TEST(TerminalText, PrintsAMegabyte) {
    EXPECT_TRUE(is_safe(plain(long_result())));
    EXPECT_GT(plain(long_result()).size(), 2u << 20);
}

TEST(TerminalText, ALongIdIsCutBetweenCharacters) {
    Result result = small_result();
    result.findings = {odd_finding()};
    result.findings[0].weights[0].sample = "abcdefg€hij";
    EXPECT_TRUE(says(plain(result), "    abcdefg€     0 "));
}

TEST(ShortNumber, IsForPeople) {
    EXPECT_EQ(short_number(0), "0");
    EXPECT_EQ(short_number(-0.0), "0");
    EXPECT_EQ(short_number(0.123456), "0.123");
    EXPECT_EQ(short_number(1234567), "1.23e+06");
    EXPECT_EQ(short_number(-2.5), "-2.5");
    EXPECT_EQ(short_number(not_a_number), "-");
    EXPECT_EQ(short_number(infinite), "inf");
    EXPECT_EQ(short_number(-infinite), "-inf");
}

TEST(NumbersOf, ATrialSaysOnlyWhatItHas) {
    using Numbers = std::array<std::string, 3>;
    Record record = small_record("gpt", {4, 1, 1}, Outcome::equivalent);
    EXPECT_EQ(numbers_of(record), (Numbers{"0.125", "1.5e-11", "12.5"}));
    record.cost.step_ms_median = 0;
    record.verdict.margin = 0;
    EXPECT_EQ(numbers_of(record), (Numbers{"0", "1.5e-11", "-"}));  // exact, and not timed
    record.verdict.outcome = Outcome::crashed;
    EXPECT_EQ(numbers_of(record), (Numbers{"-", "-", "-"}));
}

TEST(TerminalText, OutOfMemoryHasItsOwnWordAndNoNumbers) {
    Result result = small_result();
    result.records = {out_of_memory_record(parse_trial("gpt --splits 16x1x1"), "repro", "out of memory: 1 MiB more"),
                      small_record("gpt", {4, 4, 1}, Outcome::equivalent)};
    EXPECT_TRUE(says(terminal_text(result, false),
                     "split   outcome          margin  sensitivity   ms/step\n"
                     "16x1x1  out_of_memory         -            -         -\n"
                     "        └ data: out of memory: 1 MiB more\n"
                     "4x4x1   equivalent        0.125      1.5e-11      12.5\n"));
}

TEST(WeightText, HasTenDigitsAndNoNegativeZero) {
    EXPECT_EQ(weight_text(2.0 / 3, "-"), "0.6666666667");
    EXPECT_EQ(weight_text(-1e-12, "-"), "0.0000000000");
    EXPECT_EQ(weight_text(-6e-11, "-"), "-0.0000000001");
    EXPECT_EQ(weight_text(not_a_number, "no gradient"), "no gradient");
    EXPECT_EQ(weight_text(-infinite, "-"), "-inf");
}

TEST(Terminal, SaysWhatTheContractRestsOn) {
    Result result = small_result();
    result.clauses = {{Claim::tail, "keeps-tail", true, Stance::broken, "11 lost"}};
    EXPECT_TRUE(says(terminal_text(result, false), "claimed and not kept: keeps-tail (11 lost)"));
}

}  // namespace
}  // namespace isobatch
