#include "supervise/rendezvous.h"

#include <unistd.h>
#include <thread>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

using Seconds = Process::Seconds;

/// A name that no other test of this machine has.
std::string name(const std::string& test) {
    return test + std::to_string(::getpid());
}

TEST(Rendezvous, BothSidesSpeakAndHear) {
    const Rendezvous place(name("speak"));
    const auto caller = meet(name("speak"), Seconds(5));
    ASSERT_TRUE(caller);
    const auto callee = place.accept(Seconds(5));
    ASSERT_TRUE(callee);
    EXPECT_TRUE(caller->say("hello", Seconds(5)));
    EXPECT_EQ(callee->hear(Seconds(5)), "hello");
    EXPECT_TRUE(callee->say("well met", Seconds(5)));
    EXPECT_EQ(caller->hear(Seconds(5)), "well met");
    EXPECT_FALSE(caller->hear(Seconds(0)));
    EXPECT_TRUE(caller->timed_out());
}

TEST(Rendezvous, AClosedConnectionIsTheEndOfTheOtherSide) {
    const Rendezvous place(name("close"));
    auto caller = meet(name("close"), Seconds(5));
    const auto callee = place.accept(Seconds(5));
    caller->say("last words", Seconds(5));
    caller.reset();
    EXPECT_EQ(callee->hear(Seconds(5)), "last words");
    EXPECT_FALSE(callee->hear(Seconds(5)));
    EXPECT_FALSE(callee->timed_out());
    EXPECT_EQ(to_string(callee->end()), "a closed connection");
    EXPECT_FALSE(callee->end().ok());
    EXPECT_FALSE(callee->say("anybody?", Seconds(1)));
}

TEST(Rendezvous, EndingOneSideClosesItAndKillsNobody) {
    const Rendezvous place(name("end"));
    const auto caller = meet(name("end"), Seconds(5));
    std::vector<std::unique_ptr<Process>> callees;
    callees.push_back(place.accept(Seconds(5)));
    Process::end(callees);
    EXPECT_FALSE(caller->hear(Seconds(5)));
    EXPECT_FALSE(caller->timed_out());
}

TEST(Rendezvous, WaitsNoLongerThanAllowed) {
    const Rendezvous place(name("wait"));
    EXPECT_FALSE(place.accept(Seconds(0.05)));
    EXPECT_FALSE(meet(name("nobody"), Seconds(0.05)));
}

TEST(Rendezvous, WhoComesFirstWaitsForTheOther) {
    std::unique_ptr<Process> caller;
    std::thread early([&] { caller = meet(name("early"), Seconds(10)); });
    ::usleep(50'000);
    const Rendezvous place(name("early"));
    EXPECT_TRUE(place.accept(Seconds(10)));
    early.join();
    EXPECT_TRUE(caller);
}

TEST(Rendezvous, ANameHasOnePlace) {
    const Rendezvous place(name("one"));
    EXPECT_TRUE(says(error_of([] { const Rendezvous second(name("one")); }).next(), "--out"));
}

}  // namespace
}  // namespace isobatch
