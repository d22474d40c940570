#include "run/worker.h"

#include <sstream>

#include <gtest/gtest.h>

#include "../base/expect.h"
#include "cases/faults/faults.h"
#include "plan/fault.h"
#include "small_trial.h"
#include "supervise/job.h"

namespace isobatch {

namespace {

std::vector<Json> conversation(const std::string& lines) {
    std::vector<Json> answers;
    std::istringstream input(lines);
    const auto keep = [&](const std::string& line) {
        if (!beat_from(line)) answers.push_back(Json::parse(line));
    };
    serve(input, keep, plant, {});
    return answers;
}

Case throwing() {
    Case subject = find_case("mlp");
    subject.name = "throwing";
    subject.loss_sum = [](torch::nn::Module&, const Examples&) -> at::Tensor { throw std::runtime_error("boom \xff"); };
    return subject;
}

}  // namespace

TEST(Worker, GreetsWithItsProtocolCasesAndFaults) {
    const std::vector<Json> answers = conversation("");
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0]["protocol"], worker_protocol);
    EXPECT_FALSE(answers[0]["libtorch"].get<std::string>().empty());
    EXPECT_EQ(answers[0]["faults"].size(), fault_catalogue().size());
}

TEST(Worker, AnswersOneRecordATrial) {
    const std::string text = to_string(small_trial({2, 2, 1}));
    const std::vector<Json> answers = conversation(text + "\n" + text + "\n");
    ASSERT_EQ(answers.size(), 3U);
    const Record record = record_from_json(answers[1]["record"], "answer");
    EXPECT_EQ(to_string(record.trial), text);
    EXPECT_EQ(record.verdict.outcome, Outcome::equivalent);
}

TEST(Worker, MisuseIsAnErrorAndTheNextTrialRuns) {
    const std::vector<Json> answers =
        conversation("nonsense --splits 1x1x1\nmlp --splits 0x1x1\n" + to_string(small_trial({4, 1, 1})) + "\n");
    ASSERT_EQ(answers.size(), 4U);
    EXPECT_EQ(answers[1]["error"]["exit_code"], 2);
    EXPECT_TRUE(answers[2].contains("error"));
    EXPECT_TRUE(answers[3].contains("record"));
}

TEST(Worker, WhatACaseThrowsIsItsCrash) {
    const CaseRegistration registration(throwing);
    Trial trial = small_trial({4, 1, 1});
    trial.subject = "throwing";
    const std::vector<Json> answers = conversation(to_string(trial) + "\n");
    const Record record = record_from_json(answers.at(1)["record"], "answer");
    EXPECT_EQ(record.verdict.outcome, Outcome::crashed);
    EXPECT_NE(record.verdict.checks[0].message.find("boom"), std::string::npos);
}

TEST(Worker, OutOfMemoryIsAnEndOfItsOwnAndTheNextTrialRuns) {
    Trial small = small_trial({1, 4, 1}), large = small_trial({4, 1, 1});
    const auto peak_of = [](const Trial& trial) {
        return record_from_json(conversation(to_string(trial) + "\n").at(1)["record"], "answer").cost.memory.peak;
    };
    const std::int64_t between = (peak_of(small) + peak_of(large)) / 2;
    ASSERT_LT(peak_of(small), between);
    small.memory = large.memory = between;
    const std::vector<Json> answers = conversation(to_string(large) + "\n" + to_string(small) + "\n");
    const Record refused = record_from_json(answers.at(1)["record"], "answer");
    EXPECT_EQ(refused.verdict.outcome, Outcome::out_of_memory);
    EXPECT_TRUE(says(refused.verdict.checks.at(0).message, "out of memory: a tensor of "));
    EXPECT_EQ(refused.repro, "isobatch check " + to_string(large));
    const Record next = record_from_json(answers.at(2)["record"], "answer");
    EXPECT_EQ(next.verdict.outcome, Outcome::equivalent);
    EXPECT_LE(next.cost.memory.peak, between);
}

}  // namespace isobatch
