#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

#include "tests/base/expect.h"
#include "tests/base/temporary_directory.h"
#include "tests/supervise/children.h"

namespace isobatch {
namespace {

/// A process and a child and a grandchild of it, all of which write their numbers into the folder and then sleep.
std::string family(const TemporaryDirectory& directory, const std::string& first = "") {
    const std::string folder = directory.path().string();
    return first + "sh -c 'echo $$ > " + folder + "/second; sleep 60 & echo $! > " + folder +
           "/third; wait' & echo $$ > " + folder + "/first; while :; do sleep 60; done";
}

std::vector<int> pids_of(const TemporaryDirectory& directory) {
    return {pid_in(directory / "first"), pid_in(directory / "second"), pid_in(directory / "third")};
}

void expect_gone(const std::vector<int>& pids) {
    for (const int pid : pids) EXPECT_TRUE(soon([&] { return gone(pid); })) << pid << " still runs";
}

TEST(End, TheWholeGroupGoes) {
    const TemporaryDirectory directory;
    Process process(shell(family(directory)));
    const auto pids = pids_of(directory);
    for (const int pid : pids) EXPECT_FALSE(gone(pid));
    const Stopwatch watch;
    EXPECT_EQ(process.end().signal, SIGTERM);
    EXPECT_LT(watch.seconds(), 0.9) << "it waited though the child obeyed";
    expect_gone(pids);
    EXPECT_EQ(process.end().signal, SIGTERM);  // once ended, it stays so
    EXPECT_EQ(process.wait(Seconds(30)).signal, SIGTERM);
}

TEST(End, OneThatIgnoresSigtermIsKilledAfterASecond) {
    const TemporaryDirectory directory;
    Process process(shell(family(directory, "trap '' TERM; ")));
    const auto pids = pids_of(directory);
    const Stopwatch watch;
    EXPECT_EQ(process.end().signal, SIGKILL);
    EXPECT_GE(watch.seconds(), 0.9);
    EXPECT_LT(watch.seconds(), 10);
    expect_gone(pids);
}

TEST(End, OneThatTidiesUpHasASecondEvenIfItPrintsALot) {
    const TemporaryDirectory directory;
    const std::string ready = (directory / "ready").string();
    Process process(shell("trap 'sleep 0.4; exit 7' TERM; yes & echo > " + ready + "; while :; do sleep 0.05; done"));
    soon([&] { return std::filesystem::exists(ready); });
    EXPECT_EQ(process.end().code, 7);
}

TEST(End, ManyThatIgnoreSigtermShareOneSecond) {
    const TemporaryDirectory directory;
    std::vector<std::unique_ptr<Process>> processes;
    for (const std::string name : {"first", "second", "third"}) {
        const std::string ready = (directory / name).string();
        processes.push_back(
            std::make_unique<Process>(shell("trap '' TERM; echo > " + ready + "; while :; do sleep 60; done")));
        soon([&] { return std::filesystem::exists(ready); });
    }
    processes.push_back(std::make_unique<Process>(shell("exit 7")));
    const Stopwatch watch;
    Process::end(processes);
    EXPECT_LT(watch.seconds(), 2) << "one second each";
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(processes[i]->end().signal, SIGKILL);
}

TEST(End, ADestroyedProcessIsEnded) {
    const TemporaryDirectory directory;
    std::vector<int> pids;
    {
        Process process(shell(family(directory)));
        pids = pids_of(directory);
    }
    expect_gone(pids);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "it was not reaped";
}

TEST(Wait, EndsTheGroupAtTheDeadline) {
    const TemporaryDirectory directory;
    Process process(shell("echo before; " + family(directory)));
    const auto pids = pids_of(directory);
    const Stopwatch watch;
    EXPECT_EQ(process.wait(Seconds(0.2)).signal, SIGTERM);
    EXPECT_GE(watch.seconds(), 0.2);
    EXPECT_LT(watch.seconds(), 10);
    EXPECT_TRUE(process.timed_out());
    EXPECT_EQ(process.last_output(9), "before");
    expect_gone(pids);
}

TEST(Wait, OneThatEndsInTimeIsNotLate) {
    Process process(shell("sleep 0.1; exit 3"));
    EXPECT_EQ(process.wait(Seconds(30)).code, 3);
    EXPECT_FALSE(process.timed_out());
}

TEST(Wait, ItsEndIsTheEndOfItsGroup) {
    const TemporaryDirectory directory;
    const std::string pid = (directory / "pid").string();
    Process process(shell("sleep 60 & echo $! > " + pid + "; exit 5"));
    const Stopwatch watch;
    EXPECT_EQ(process.wait(Seconds(30)).code, 5);
    EXPECT_LT(watch.seconds(), 20);
    expect_gone({pid_in(pid)});
}

TEST(Wait, TellsTheChildThatNobodyWillSpeak) {
    Launch launch{{"cat"}, {}, {}, true};
    Process process(launch);
    ASSERT_TRUE(process.say("a", Seconds(30)));
    EXPECT_TRUE(process.wait(Seconds(30)).ok());
    EXPECT_EQ(process.last_output(3), "a");
    EXPECT_FALSE(process.timed_out());
}

TEST(Wait, OneThatLeftTheGroupAndPrintsForEverDoesNotHoldUs) {
    const TemporaryDirectory directory;
    const std::string pid = (directory / "pid").string();
    Process process(shell("setsid sh -c 'echo $$ > " + pid + "; exec yes' & while [ ! -s " + pid +
                          " ]; do sleep 0.01; done; sleep 0.1; exit 5"));
    const Stopwatch watch;
    EXPECT_EQ(process.wait(Seconds(30)).code, 5);
    EXPECT_LT(watch.seconds(), 20);
    ::kill(pid_in(pid), SIGKILL);
}

TEST(Death, OfTheSupervisorIsTheDeathOfItsChild) {
    const TemporaryDirectory directory;
    const std::string file = (directory / "pid").string();
    const int supervisor = ::fork();
    if (supervisor == 0) {
        Process process(shell("echo $$ > " + file + "; exec sleep 60"));
        ::sleep(60);
        std::_Exit(0);
    }
    const int child = pid_in(file);
    EXPECT_FALSE(gone(child));
    ::kill(supervisor, SIGKILL);
    ::waitpid(supervisor, nullptr, 0);
    EXPECT_TRUE(soon([&] { return gone(child); }));
    if (!gone(child)) ::kill(child, SIGKILL);
}

}  // namespace
}  // namespace isobatch
