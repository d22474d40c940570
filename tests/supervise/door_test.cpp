#include "supervise/door.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <thread>

#include "tests/base/expect.h"
#include "tests/base/temporary_directory.h"

namespace isobatch {
namespace {

using Seconds = Process::Seconds;

/// A bare connection of somebody who is no rank.
class Stranger {
public:
    explicit Stranger(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }
    ~Stranger() { ::close(socket_); }
    Stranger(const Stranger&) = delete;

    bool connected() const { return connected_; }
    void say(const std::string& text) const { ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL); }
    /// All that is heard until the other side hangs up.
    std::string hear() const {
        std::string all;
        char byte;
        while (::recv(socket_, &byte, 1, 0) == 1) all += byte;
        return all;
    }

private:
    int socket_;
    bool connected_ = false;
};

class DoorTest : public ::testing::Test {
protected:
    TemporaryDirectory directory;
    std::filesystem::path key = directory / "ranks.key";
    Door door{0, key, "run"};

    std::unique_ptr<Process> knock_here(const std::string& run = "run", Seconds deadline = Seconds(20)) const {
        return knock("127.0.0.1", door.port(), key, run, deadline);
    }
};

TEST_F(DoorTest, WhoHasTheKeyIsLetInAndBothSpeak) {
    std::unique_ptr<Process> rank;
    std::jthread other([&] { rank = knock_here(); });
    const Guest guest = door.accept(Seconds(20));
    other.join();
    ASSERT_TRUE(guest.process && rank);
    EXPECT_EQ(guest.address, "127.0.0.1");
    EXPECT_EQ(guest.ours, "127.0.0.1");
    EXPECT_TRUE(rank->say("hello", Seconds(5)));
    EXPECT_EQ(guest.process->hear(Seconds(5)), "hello");
    EXPECT_TRUE(guest.process->say("well met", Seconds(5)));
    EXPECT_EQ(rank->hear(Seconds(5)), "well met");
}

TEST_F(DoorTest, StrangersAreSentAwayAndHoldUpNobody) {
    EXPECT_FALSE(Stranger(door.port()).connected()) << "it is open only once there is a key";
    EXPECT_FALSE(door.accept(Seconds(0.05)).process);
    const Stranger silent(door.port()), wrong(door.port()), long_winded(door.port()), other_run(door.port()),
        gone(door.port()), browser(door.port());
    wrong.say("isobatch run 0123456789abcdef0123456789abcdef\n");
    long_winded.say(std::string(100'000, 'x'));
    other_run.say("isobatch another-run -\n");
    browser.say("GET / HTTP/1.1\r\n\r\n");
    std::unique_ptr<Process> rank;
    std::jthread other([&] { rank = knock_here(); });
    EXPECT_TRUE(door.accept(Seconds(20)).process);
    other.join();
    EXPECT_TRUE(rank);
    door.accept(Seconds(0.2));
    for (const Stranger* stranger : {&wrong, &long_winded, &other_run, &browser}) EXPECT_EQ(stranger->hear(), "");
}

TEST_F(DoorTest, MoreThanItCanHearAtOnceDoNotCloseIt) {
    door.accept(Seconds(0));
    std::vector<std::unique_ptr<Stranger>> crowd;
    for (int i = 0; i < 300; ++i) crowd.push_back(std::make_unique<Stranger>(door.port()));
    std::unique_ptr<Process> rank;
    std::jthread other([&] { rank = knock_here(); });
    EXPECT_TRUE(door.accept(Seconds(20)).process);
    other.join();
    EXPECT_TRUE(rank);
}

TEST_F(DoorTest, ARankThatDoesNotSeeTheKeySaysSoOnBothSides) {
    std::jthread other([&] {
        const Error error =
            error_of([&] { knock("127.0.0.1", door.port(), directory / "elsewhere", "run", Seconds(20)); });
        EXPECT_TRUE(says(error.problem(), "do not share the run directory"));
        EXPECT_EQ(error.exit_code(), 2);
    });
    const Error error = error_of([&] { door.accept(Seconds(20)); });
    EXPECT_TRUE(says(error.problem(), "a rank on 127.0.0.1 does not see"));
    EXPECT_TRUE(says(error.next(), "--out"));
}

// Somebody else at that port does not know the other half of the key.
TEST_F(DoorTest, ARankDoesNotBelieveWhoCannotAnswer) {
    door.accept(Seconds(0));
    const TemporaryDirectory elsewhere;
    Door other(0, elsewhere / "ranks.key", "run");
    std::jthread impostor([&] { other.accept(Seconds(1)); });
    EXPECT_FALSE(knock("127.0.0.1", other.port(), key, "run", Seconds(0.5)));
}

TEST_F(DoorTest, NobodyIsWaitedForLongerThanAllowed) {
    EXPECT_FALSE(door.accept(Seconds(0.05)).process);
    EXPECT_FALSE(knock("127.0.0.1", 1, key, "run", Seconds(0.1)));
    EXPECT_FALSE(knock("no-such-host.invalid", door.port(), key, "run", Seconds(0.1)));
}

TEST_F(DoorTest, APortThatIsTakenIsAnErrorThatNamesIt) {
    Door early(door.port(), directory / "early", "run");  // while nobody listens, both may have it
    door.accept(Seconds(0));
    for (const Error& error : {error_of([&] { const Door late(door.port(), directory / "late", "run"); }),
                               error_of([&] { early.accept(Seconds(0)); })}) {
        EXPECT_TRUE(says(error.problem(), std::to_string(door.port())));
        EXPECT_EQ(error.where(), "MASTER_PORT");
    }
}

TEST(Door, TakesItsOwnKeyAwayAndNoOther) {
    const TemporaryDirectory directory;
    {
        Door door(0, directory / "key", "run");
        door.accept(Seconds(0));
        EXPECT_TRUE(read_key(directory / "key"));
    }
    EXPECT_FALSE(std::filesystem::exists(directory / "key"));
    Key next;
    {
        Door door(0, directory / "key", "run");
        door.accept(Seconds(0));
        next = make_key(directory / "key");
    }
    EXPECT_EQ(read_key(directory / "key"), next);
}

}  // namespace
}  // namespace isobatch
