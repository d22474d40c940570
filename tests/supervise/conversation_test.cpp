#include <numeric>

#include <sys/wait.h>

#include "tests/base/expect.h"
#include "tests/base/temporary_directory.h"
#include "tests/supervise/children.h"

namespace isobatch {
namespace {

constexpr Seconds long_enough(30);

std::optional<std::string> answer_to(Process& process, const std::string& line) {
    EXPECT_TRUE(process.say(line, long_enough));
    return process.hear(long_enough);
}

TEST(Conversation, ALineForALine) {
    Process process(talker());
    for (int i = 0; i < 2000; ++i) {
        const std::string line = "line " + std::to_string(i);
        ASSERT_EQ(answer_to(process, line), line);
    }
    EXPECT_FALSE(process.timed_out());
    EXPECT_TRUE(process.wait(long_enough).ok());  // it ends once nobody can speak to it any more
}

TEST(Conversation, AnyBytesButTheEndOfALine) {
    Process process(talker());
    for (const std::string& line : {std::string(), std::string("\0x\0", 3), std::string("\xff\xfe"),
                                    std::string("a\rb\tc "), std::string("{\"json\": \"日本語\"}")})
        EXPECT_EQ(answer_to(process, line), line);
}

TEST(Conversation, LongLinesBothWays) {
    Process process(talker());
    const std::string line(8 << 20, 'y');
    EXPECT_TRUE(answer_to(process, line) == line);
    EXPECT_EQ(answer_to(process, "long 8388608").value_or("").size(), 8u << 20);
    EXPECT_EQ(answer_to(process, "still there"), "still there");
}

TEST(Conversation, ManyAnswersWaitUntilTheyAreHeard) {
    Process process(talker());
    ASSERT_TRUE(process.say("lines 20000", long_enough));
    for (int i = 0; i < 20000; ++i) ASSERT_EQ(process.hear(long_enough), std::to_string(i));
    EXPECT_EQ(process.hear(Seconds(0.05)), std::nullopt);
    EXPECT_TRUE(process.timed_out());
    EXPECT_EQ(answer_to(process, "on"), "on");  // a deadline that passed spoils nothing
    EXPECT_FALSE(process.timed_out());
}

TEST(Conversation, WhatWasSaidBeforeTheEndIsHeardAfterIt) {
    Process process(talker());
    ASSERT_TRUE(process.say("lines 3", long_enough));
    ASSERT_TRUE(process.say("leave 5", long_enough));
    EXPECT_EQ(process.wait(long_enough).code, 5);
    for (const char* line : {"0", "1", "2"}) EXPECT_EQ(process.hear(long_enough), line);
    EXPECT_EQ(process.hear(long_enough), std::nullopt);
    EXPECT_FALSE(process.timed_out());
}

TEST(Conversation, AChildThatClosesItsDescriptorIsHeardNoMore) {
    Process process(talker());
    ASSERT_TRUE(process.say("say last words", long_enough));
    ASSERT_TRUE(process.say("hush", long_enough));
    const Stopwatch watch;
    EXPECT_EQ(process.hear(long_enough), "last words");
    EXPECT_EQ(process.hear(long_enough), std::nullopt);
    EXPECT_FALSE(process.timed_out());
    EXPECT_LT(watch.seconds(), 20);
    EXPECT_TRUE(process.wait(long_enough).ok());
}

TEST(Conversation, AnAnswerThatWasCutOffIsNone) {
    Process process(talker());
    const Stopwatch watch;
    EXPECT_EQ(answer_to(process, "half"), std::nullopt);
    EXPECT_FALSE(process.timed_out());
    EXPECT_EQ(process.hear(long_enough), std::nullopt);
    EXPECT_LT(watch.seconds(), 20);
    EXPECT_EQ(process.wait(long_enough).code, 4);
}

TEST(Conversation, AHangEndsAtTheDeadline) {
    Launch launch = shell("exec sleep 60");
    launch.speaks = true;
    Process process(launch);
    const Stopwatch watch;
    EXPECT_EQ(process.hear(Seconds(0.05)), std::nullopt);
    EXPECT_TRUE(process.timed_out());
    EXPECT_GE(watch.seconds(), 0.05);
    EXPECT_EQ(process.hear(Seconds(0.3)), std::nullopt);
    EXPECT_GE(watch.seconds(), 0.35);
    EXPECT_LT(watch.seconds(), 0.9) << "it looks at the clock too rarely";
    EXPECT_EQ(process.end().signal, SIGTERM);
}

TEST(Conversation, AChildThatNeverReadsDoesNotHoldUsForEver) {
    Launch launch = shell("exec sleep 60");
    launch.speaks = true;
    Process process(launch);
    const std::string line(1 << 14, 'x');
    const Stopwatch watch;
    int said = 0;
    while (said < 1000 && process.say(line, Seconds(0.2))) ++said;
    EXPECT_GT(said, 0);  // what the pipe holds
    EXPECT_LT(said, 1000);
    EXPECT_TRUE(process.timed_out());
    EXPECT_GE(watch.seconds(), 0.2);
    EXPECT_LT(watch.seconds(), 10);
    EXPECT_FALSE(process.say("more", Seconds(20)));  // the line that was cut must not be continued by another
    EXPECT_FALSE(process.timed_out());
    EXPECT_LT(watch.seconds(), 10);
}

TEST(Conversation, AChildThatSpeaksBeforeItListensIsReadMeanwhile) {
    Launch launch = talker();
    launch.command.insert(launch.command.end(), {"flood", "4000000"});
    Process process(launch);
    const std::string line(4'000'000, 'y');
    ASSERT_TRUE(process.say(line, long_enough));
    EXPECT_EQ(process.hear(long_enough).value_or("").size(), 4'000'000u);
    EXPECT_TRUE(process.hear(long_enough) == line);
}

TEST(Conversation, AChildThatPrintsALotIsReadMeanwhile) {
    Launch launch = shell("head -c 1000000 /dev/zero | tr '\\0' x; echo printed >&3; read line; echo \"$line\" >&3");
    launch.speaks = true;
    Process process(launch);
    EXPECT_EQ(process.hear(long_enough), "printed");
    EXPECT_EQ(answer_to(process, "hello"), "hello");
}

TEST(Conversation, NobodyListensToAChildThatEnded) {
    Process process(talker());
    ASSERT_TRUE(process.say("leave 0", long_enough));
    EXPECT_EQ(process.hear(long_enough), std::nullopt);
    EXPECT_TRUE(soon([&] { return !process.say("anyone?", Seconds(1)); }));  // and SIGPIPE does not end us
    EXPECT_FALSE(process.timed_out());
    EXPECT_TRUE(process.wait(long_enough).ok());
}

TEST(Conversation, OneThatDoesNotSpeakHearsAndSaysNothing) {
    Process process(shell("exec sleep 60"));
    EXPECT_FALSE(process.say("hello", long_enough));
    EXPECT_EQ(process.hear(long_enough), std::nullopt);
    EXPECT_FALSE(process.timed_out());
}

TEST(Conversation, ADeadChildIsNoticedThoughItsOwnChildHoldsTheDescriptor) {
    const TemporaryDirectory directory;
    const std::string pid = (directory / "pid").string();
    for (const std::string away : {"", "setsid "}) {  // one in its group, one that left it
        Launch launch = shell(away + "sh -c 'echo $$ > " + pid + "; exec sleep 60' & while [ ! -s " + pid +
                              " ]; do sleep 0.01; done; kill -KILL $$");
        launch.speaks = true;
        Process process(launch);
        const Stopwatch watch;
        EXPECT_EQ(process.hear(long_enough), std::nullopt);
        EXPECT_FALSE(process.timed_out());
        EXPECT_LT(watch.seconds(), 20);
        EXPECT_EQ(process.wait(long_enough).signal, SIGKILL);
        const int grandchild = pid_in(pid);
        if (away.empty())
            EXPECT_TRUE(soon([&] { return gone(grandchild); }));
        else
            ::kill(grandchild, SIGKILL);
        std::filesystem::remove(pid);
    }
}

}  // namespace
}  // namespace isobatch
