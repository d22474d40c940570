#include "supervise/job.h"

#include "tests/base/expect.h"

namespace isobatch {
namespace {

Job rank_job() {
    Job job{.trial = {}, .rank = 1, .trace = "a.trace", .reference = "b.trace", .meeting = "c", .deadline_s = 2.5};
    job.trial.split = {4, 2, 2};
    job.trial.engine = "gloo";
    job.machine = {"10.0.0.2", 0, 1};
    return job;
}

TEST(Job, OneLineThereAndBack) {
    EXPECT_EQ(parse_job(to_line(rank_job())), rank_job());
    const Job reference{.trial = rank_job().trial, .trace = "b.trace"};
    EXPECT_EQ(parse_job(to_line(reference)), reference);
    const Job finer{.trial = rank_job().trial, .trace = "b.trace", .by_units = true};
    EXPECT_EQ(parse_job(to_line(finer)), finer);
    EXPECT_TRUE(to_line(reference).starts_with("{"));  // or it would be taken for a trial
    EXPECT_EQ(to_line(rank_job()).find('\n'), std::string::npos);
}

TEST(Beat, OneLineThereAndBack) {
    for (const Beat& beat : {Beat{1, false}, Beat{7, true}}) {
        EXPECT_EQ(beat_from(to_line(beat))->window, beat.window);
        EXPECT_EQ(beat_from(to_line(beat))->exchanging, beat.exchanging);
    }
}

TEST(Beat, OtherAnswersAreNone) {
    for (const char* line :
         {"", "no JSON", "[]", "{}", "1", R"({"window": -1})", R"({"window": "1"})", R"({"manifest": "window"})"})
        EXPECT_FALSE(beat_from(line)) << line;
    EXPECT_FALSE(beat_from(R"({"window": 1, "record": ")" + std::string(100, 'x') + "\"}"));
}

TEST(Job, ARankOutsideTheSplitIsRefused) {
    for (const int rank : {-1, 2}) {
        Job job = rank_job();
        job.rank = rank;
        EXPECT_TRUE(says(error_of([&] { parse_job(to_line(job)); }).where(), "rank"));
    }
}

TEST(Job, AMachineHasNoMoreRanksThanTheTrial) {
    for (const auto& [rank, ranks] : {std::pair{0, 3}, {1, 1}, {-1, 1}, {0, 0}}) {
        Job job = rank_job();
        job.machine = {"", rank, ranks};
        EXPECT_TRUE(says(error_of([&] { parse_job(to_line(job)); }).where(), "machine")) << rank << " of " << ranks;
    }
}

TEST(Machine, IsKnownByItsAddress) {
    EXPECT_EQ(machine_of({}, 1, 3), (Machine{"", 1, 3}));
    const std::vector<std::string> addresses{"a", "b", "a", "b", "a"};
    EXPECT_EQ(machine_of(addresses, 0, 5), (Machine{"a", 0, 3}));
    EXPECT_EQ(machine_of(addresses, 2, 5), (Machine{"a", 1, 3}));
    EXPECT_EQ(machine_of(addresses, 3, 5), (Machine{"b", 1, 2}));
    EXPECT_EQ(machine_of(addresses, 2, 3), (Machine{"a", 1, 2})) << "the trial has three ranks";
}

TEST(Job, WhatIsNoneIsAnError) {
    for (const char* line :
         {"", "{", "[]", "{}", R"({"trial": 1, "trace": "a"})", R"({"trial": "gpt --splits 1x1x1"})"})
        EXPECT_THROW(parse_job(line), Error) << line;
    for (const char* field : {"reference", "meeting", "deadline_s", "machine"}) {
        Json line = Json::parse(to_line(rank_job()));
        line.erase(field);
        EXPECT_TRUE(says(error_of([&] { parse_job(line.dump()); }).problem(), field));
    }
}

}  // namespace
}  // namespace isobatch
