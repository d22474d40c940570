#include "reports/junit.h"

#include <fstream>

#include "supervise/process.h"
#include "tests/base/expect.h"
#include "tests/base/temporary_directory.h"
#include "tests/reports/hostile.h"
#include "tests/reports/markup.h"

namespace isobatch {
namespace {

Markup read_xml(const Result& result) {
    return MarkupReader(junit_xml(result)).xml();
}

/// The test case of this name, and what is inside it.
std::vector<Element> case_of(const Markup& xml, const std::string& classname, const std::string& name) {
    std::vector<Element> found;
    for (const Element& element : xml.elements) {
        if (element.name == "testcase" && !found.empty()) break;
        const bool wanted = element.name == "testcase" && element.attributes.at("classname") == classname &&
                            element.attributes.at("name") == name;
        if (wanted || !found.empty()) found.push_back(element);
    }
    return found;
}

TEST(JunitXml, CountsWhatItHolds) {
    for (const Result& result : {small_result(), assemble("", {}, {}, {}), assemble("", small_records(), {}, {})}) {
        const Markup xml = read_xml(result);
        const auto& counts = xml.elements.at(0).attributes;
        EXPECT_EQ(xml.elements[0].name, "testsuite");
        EXPECT_EQ(counts.at("name"), "isobatch");
        EXPECT_EQ(counts.at("tests"), std::to_string(xml.named("testcase").size()));
        EXPECT_EQ(counts.at("failures"), std::to_string(xml.named("failure").size()));
        EXPECT_EQ(counts.at("errors"), std::to_string(xml.named("error").size()));
        EXPECT_EQ(counts.at("skipped"), std::to_string(xml.named("skipped").size()));
    }
    // 6 trials: 1 identical, 1 equivalent, 1 inconclusive, 2 divergent, 1 crashed; 9 claims: 3 tested, 4 untested, 2
    // allowed.
    const auto counts = read_xml(small_result()).elements.at(0).attributes;
    EXPECT_EQ(counts.at("tests"), "15");
    EXPECT_EQ(counts.at("failures"), "7");
    EXPECT_EQ(counts.at("errors"), "1");
    EXPECT_EQ(counts.at("skipped"), "2");
}

TEST(JunitXml, EveryOutcomeHasItsForm) {
    const Result result = small_result();
    const Markup xml = read_xml(result);
    const std::map<Outcome, std::string> forms{{Outcome::identical, ""},
                                               {Outcome::equivalent, ""},
                                               {Outcome::inconclusive, "failure"},
                                               {Outcome::divergent, "failure"},
                                               {Outcome::crashed, "error"}};
    for (const Record& record : result.records) {
        const auto found = case_of(xml, "isobatch." + record.trial.subject, to_string(record.trial));
        const std::string& form = forms.at(record.verdict.outcome);
        ASSERT_EQ(found.size(), form.empty() ? 1u : 2u) << to_string(record.trial);
        EXPECT_EQ(found[0].attributes.at("time"), record.verdict.outcome == Outcome::crashed ? "0.000000" : "0.012500");
        if (form.empty()) continue;
        EXPECT_EQ(found[1].name, form);
        EXPECT_EQ(found[1].attributes.at("message"), to_string(record.verdict.outcome));
        for (const CheckResult& check : record.verdict.checks)
            if (!check.message.empty()) {
                EXPECT_TRUE(says(found[1].text, to_string(check.check) + ": " + check.message + "\n"));
            }
        EXPECT_TRUE(says(found[1].text, "repeat: " + record.repro + "\n"));
        EXPECT_EQ(found[1].text.find("loss:"), std::string::npos);  // nothing about the checks that have nothing to say
    }
}

TEST(JunitXml, OutOfMemoryIsAnErrorOfItsOwnName) {
    Result result = small_result();
    result.records = {out_of_memory_record(parse_trial("gpt --splits 16x1x1"), "repro", "1 MiB more")};
    const Markup xml = read_xml(result);
    EXPECT_EQ(xml.named("error").at(0).attributes.at("message"), "out_of_memory");
    EXPECT_EQ(xml.elements.at(0).attributes.at("errors"), "1");
}

TEST(JunitXml, AnUntestedClaimFailsUnlessItIsAllowed) {
    const Markup xml = read_xml(small_result());
    EXPECT_EQ(case_of(xml, "isobatch.claim.gpt", "weighting").size(), 1u);
    const auto untested = case_of(xml, "isobatch.claim.gpt", "tail");
    ASSERT_EQ(untested.size(), 2u);
    EXPECT_EQ(untested[1].name, "failure");
    EXPECT_EQ(untested[1].attributes.at("message"), "inconclusive");
    EXPECT_EQ(untested[1].text, "untested: " + meaning(Claim::tail) + "; to test it: " + how_to_test(Claim::tail));
    const auto allowed = case_of(xml, "isobatch.claim.gpt", "schedule");
    ASSERT_EQ(allowed.size(), 2u);
    EXPECT_EQ(allowed[1].name, "skipped");
    EXPECT_TRUE(says(allowed[1].attributes.at("message"), how_to_test(Claim::schedule)));
}

TEST(JunitXml, ATimeThatIsNoNumberIsNone) {
    Result result = small_result();
    for (const double odd : {not_a_number, infinite, -infinite}) {
        result.records[0].cost.step_ms_median = odd;
        EXPECT_EQ(read_xml(result).named("testcase").at(0).attributes.at("time"), "0.000000");
    }
}

TEST(JunitXml, NoTextFromOutsideMakesATagOrAnAttribute) {
    const Markup harmless = read_xml(harmless_result());
    for (const std::string& text : hostile_texts()) {
        Markup markup;
        ASSERT_NO_THROW(markup = read_xml(hostile_result(text))) << shown(text);
        EXPECT_EQ(markup.skeleton(), harmless.skeleton()) << shown(text);
    }
}

TEST(JunitXml, HoldsAMegabyte) {
    EXPECT_EQ(read_xml(long_result()).skeleton(), read_xml(small_result()).skeleton());
}

TEST(JunitXml, AnIndependentReaderTakesIt) {
    const TemporaryDirectory directory;
    Launch launch{{"xmllint", "--noout"}, {}, {}, false};
    int number = 0;
    for (const std::string& text : hostile_texts()) {
        launch.command.push_back(directory / (std::to_string(number++) + ".xml"));
        std::ofstream(launch.command.back(), std::ios::binary) << junit_xml(hostile_result(text));
    }
    Process reader(launch);  // of libxml2-utils, which ci/install installs
    const Exit exit = reader.wait(Process::Seconds(60));
    EXPECT_TRUE(exit.ok()) << to_string(exit) << "\n" << reader.last_output(20);
}

TEST(Junit, WhatIsClaimedIsACaseAndWhatIsInferredIsNone) {
    Result result = small_result();
    const std::string before = junit_xml(result);
    result.clauses = {{Claim::weighting, "token-mean", false, Stance::kept, "seen"}};
    EXPECT_EQ(junit_xml(result), before);
    result.clauses = {{Claim::weighting, "token-mean", true, Stance::kept, "seen"},
                      {Claim::tail, "keeps-tail", true, Stance::broken, "11 lost"}};
    const std::string xml = junit_xml(result);
    EXPECT_TRUE(says(xml, "classname=\"isobatch.contract\" name=\"token-mean\"/>"));
    EXPECT_TRUE(says(
        xml, "name=\"keeps-tail\">\n    <failure message=\"not kept\">claimed and not kept: keeps-tail (11 lost)"));
    const auto number = [](const std::string& text, const std::string& name) {
        return std::stoi(text.substr(text.find(name + "=\"") + name.size() + 2));
    };
    EXPECT_EQ(number(xml, "tests"), number(before, "tests") + 2);
    EXPECT_EQ(number(xml, "failures"), number(before, "failures") + 1);
}

}  // namespace
}  // namespace isobatch
