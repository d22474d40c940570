#include "supervise/process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>

#include "tests/base/expect.h"
#include "tests/base/temporary_directory.h"
#include "tests/supervise/children.h"

namespace isobatch {
namespace {

namespace fs = std::filesystem;

std::string get(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// What a script prints.
std::string output_of(Launch launch) {
    Process process(std::move(launch));
    EXPECT_TRUE(process.wait(Seconds(30)).ok());
    return process.last_output(100);
}

TEST(Start, AProgramThatCannotBeStartedIsAnErrorWithItsReason) {
    const TemporaryDirectory directory;
    std::ofstream(directory / "plain.txt") << "no program";
    const auto error_for = [&](const std::string& program) {
        return error_of([&] { Process process(Launch{{program}, {}, {}, true}); });
    };
    EXPECT_EQ(error_for("/nowhere/at-all").problem(), "cannot start \"/nowhere/at-all\": No such file or directory");
    EXPECT_TRUE(says(error_for("isobatch-no-such-program").problem(), "No such file or directory"));
    EXPECT_TRUE(says(error_for(directory / "plain.txt").problem(), "Permission denied"));
    EXPECT_TRUE(says(error_for(directory.path().string()).problem(), "Permission denied"));
    EXPECT_TRUE(says(error_for("a\x1b[31m\nb").problem(), "\"a\\x1b[31m\\nb\""));
    EXPECT_EQ(error_for("/nowhere/at-all").exit_code(), 2);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child was left behind";
}

TEST(Start, ALogThatCannotBeCreatedIsAnError) {
    const TemporaryDirectory directory;
    Launch launch = shell("echo started > " + (directory / "witness").string());
    launch.log = directory / "nowhere/log";
    const Error error = error_of([&] { Process process(launch); });
    EXPECT_TRUE(says(error.problem(), "cannot create the log: No such file or directory"));
    EXPECT_EQ(error.where(), launch.log.string());
    EXPECT_FALSE(fs::exists(directory / "witness"));
}

TEST(Start, FindsTheProgramOnThePath) {
    EXPECT_EQ(output_of({{"echo", "a", "", "b c"}, {}, {}, false}), "a  b c");
}

TEST(Exit, CodeAndSignalAreToldApart) {
    const auto exit_of = [](const std::string& script) {
        Process process(shell(script));
        return process.wait(Seconds(30));
    };
    for (const int code : {0, 1, 9, 137, 255}) {
        const Exit exit = exit_of("exit " + std::to_string(code));
        EXPECT_EQ(exit.code, code);
        EXPECT_EQ(exit.signal, 0);
        EXPECT_EQ(exit.ok(), code == 0);
        EXPECT_EQ(to_string(exit), "exit code " + std::to_string(code));
    }
    const Exit killed = exit_of("kill -KILL $$");
    EXPECT_EQ(killed.signal, SIGKILL);
    EXPECT_EQ(killed.code, 0);
    EXPECT_FALSE(killed.ok());
    EXPECT_EQ(to_string(killed), "signal 9 (Killed)");
    EXPECT_EQ(exit_of("ulimit -c 0; kill -SEGV $$").signal, SIGSEGV);
}

TEST(Output, StaysInMemoryOrGoesToTheLog) {
    const TemporaryDirectory directory;
    Launch launch = shell("echo one; echo two >&2; echo; printf three");
    EXPECT_EQ(output_of(launch), "one\ntwo\n\nthree");
    launch.log = directory / "log";
    std::ofstream(launch.log) << "an older and much longer log of the same name\n";
    EXPECT_EQ(output_of(launch), "one\ntwo\n\nthree");
    EXPECT_EQ(get(launch.log), "one\ntwo\n\nthree");
}

TEST(Output, TheLastLinesAreThoseThatWereAskedFor) {
    const TemporaryDirectory directory;
    for (const char* log : {"", "log"}) {
        Launch launch = shell("printf 'a\\nb\\nc\\nd\\n\\n'");
        if (*log) launch.log = directory / log;
        Process process(launch);
        process.wait(Seconds(30));
        EXPECT_EQ(process.last_output(2), "c\nd");
        EXPECT_EQ(process.last_output(1), "d");
        EXPECT_EQ(process.last_output(0), "");
        EXPECT_EQ(process.last_output(99), "a\nb\nc\nd");
    }
    Process silent(shell(":"));
    silent.wait(Seconds(30));
    EXPECT_EQ(silent.last_output(5), "");
}

TEST(Output, IsBounded) {
    const TemporaryDirectory directory;
    for (const char* log : {"", "log"}) {
        Launch launch = shell("yes 0123456789 | head -c 10000000; echo; echo end");
        if (*log) launch.log = directory / log;
        Process process(launch);
        EXPECT_TRUE(process.wait(Seconds(30)).ok());
        const std::string all = process.last_output(1 << 30);
        EXPECT_LE(all.size(), 2u << 16);
        EXPECT_GT(all.size(), 60'000u);
        EXPECT_TRUE(all.ends_with("\nend"));
        EXPECT_EQ(process.last_output(1), "end");
    }
    EXPECT_EQ(fs::file_size(directory / "log"), 10'000'005u);
}

TEST(Output, OneLineWithoutEndIsBoundedToo) {
    Process process(shell("head -c 3000000 /dev/zero"));
    EXPECT_TRUE(process.wait(Seconds(30)).ok());
    EXPECT_LE(process.last_output(3).size(), 2u << 16);
}

TEST(Environment, IsOursWithWhatIsAdded) {
    ::setenv("ISOBATCH_TEST_KEPT", "kept", 1);
    ::setenv("ISOBATCH_TEST_OVERRIDDEN", "old", 1);
    ::setenv("ISOBATCH_TEST_OVERRIDDEN_TOO", "its own", 1);
    Launch launch = shell(
        "printf '%s|' \"$ISOBATCH_TEST_KEPT\" \"$ISOBATCH_TEST_OVERRIDDEN\" \"$ISOBATCH_TEST_OVERRIDDEN_TOO\" "
        "\"$ISOBATCH_TEST_ADDED\" \"$ISOBATCH_TEST_EMPTY\"; env | grep -c '^ISOBATCH_TEST_OVERRIDDEN='");
    launch.environment = {
        {"ISOBATCH_TEST_OVERRIDDEN", "new"}, {"ISOBATCH_TEST_ADDED", "a=b c"}, {"ISOBATCH_TEST_EMPTY", ""}};
    EXPECT_EQ(output_of(launch), "kept|new|its own|a=b c||1");
    EXPECT_STREQ(::getenv("ISOBATCH_TEST_OVERRIDDEN"), "old");
    EXPECT_EQ(::getenv("ISOBATCH_TEST_ADDED"), nullptr);
}

TEST(Environment, TheChildIsAloneInItsGroupWithNothingToReadAndItsOwnSignals) {
    EXPECT_EQ(output_of(shell("readlink /proc/self/fd/0; cat")), "/dev/null");
    EXPECT_EQ(output_of(shell("set -- $(cat /proc/$$/stat); [ $5 = $$ ] && echo leader")), "leader");
    // Ours ignores SIGPIPE; were that inherited, `yes | head` in a script would complain or never end.
    const std::string ignored = output_of(shell("grep SigIgn /proc/self/status"));
    EXPECT_EQ(std::stoull(ignored.substr(ignored.find('\t')), nullptr, 16) & (1ULL << (SIGPIPE - 1)), 0u) << ignored;
}

TEST(Descriptors, NoneIsLeftOpen) {
    const TemporaryDirectory directory;
    const std::set<int> before = descriptors();
    for (int i = 0; i < 40; ++i) {
        Process quiet(shell(":")), speaking({{"cat"}, {}, {}, true});
        Launch launch = shell(":");
        launch.log = directory / "log";
        Process logged(launch);
        if (i % 2) speaking.wait(Seconds(30));
        EXPECT_THROW(Process({{"/nowhere/at-all"}, {}, {}, true}), Error);
        EXPECT_THROW(Process({{"true"}, {}, directory / "nowhere/log", true}), Error);
    }
    EXPECT_EQ(descriptors(), before);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child was left behind";
}

TEST(Descriptors, AChildHasItsFourAndNoneOfItsSiblings) {
    std::set<int> expected{0, 1, 2, 3};
    for (const int descriptor : descriptors())
        if (const int flags = ::fcntl(descriptor, F_GETFD); flags >= 0 && !(flags & FD_CLOEXEC))
            expected.insert(descriptor);  // whoever started us left it open
    Process first(talker()), second(talker()), third(talker());
    ASSERT_TRUE(third.say("descriptors", Seconds(30)));
    std::istringstream answer(third.hear(Seconds(30)).value_or(""));
    EXPECT_EQ((std::set<int>{std::istream_iterator<int>(answer), {}}), expected);
}

TEST(Descriptors, WorkWhereOursAreClosed) {
    // As under a service manager that starts us without standard streams.
    for (const int closed : {1, 3, 7, 15}) {
        const int pid = ::fork();
        if (pid == 0) {
            for (int i = 0; i < 4; ++i)
                if (closed & (1 << i)) ::close(i);
            Process process(talker());
            const bool right = process.say("hello", Seconds(20)) && process.hear(Seconds(20)) == "hello" &&
                               process.wait(Seconds(20)).ok();
            Process quiet(shell("echo out; echo err >&2"));
            const bool whole = quiet.wait(Seconds(20)).ok() && quiet.last_output(5) == "out\nerr";
            std::_Exit(right ? whole ? 0 : 2 : 1);
        }
        int status = 0;
        ::waitpid(pid, &status, 0);
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "with " << closed << ": status " << status;
    }
}

}  // namespace
}  // namespace isobatch
