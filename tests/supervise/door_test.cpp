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

/// Somebody else at a port, who answers whoever comes with this line.
class Impostor {
public:
    explicit Impostor(const std::string& line) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        ::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size);
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
        ::listen(socket_, 8);
        port = ntohs(address.sin_port);
        thread_ = std::jthread([this, line] {
            for (int one = 0; (one = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; ::close(one))
                ::send(one, line.data(), line.size(), MSG_NOSIGNAL);
        });
    }
    ~Impostor() {
        ::shutdown(socket_, SHUT_RDWR);
        thread_.join();
        ::close(socket_);
    }
    int port = 0;

private:
    int socket_;
    std::jthread thread_;
};

// Whoever listens there may not lead a rank without the other half of the key.
TEST_F(DoorTest, ARankBelievesOnlyWhoHasTheOtherHalfOfTheKey) {
    door.accept(Seconds(0));
    const Key right = read_key(key).value();
    for (const std::string& line : {right.of_ranks + "\n", std::string(1000, 'a'), std::string("\n"), std::string()}) {
        const Impostor impostor(line);
        EXPECT_FALSE(knock("127.0.0.1", impostor.port, key, "run", Seconds(0.3))) << line;
    }
    const Impostor informed(right.of_leader + "\n");
    EXPECT_TRUE(knock("127.0.0.1", informed.port, key, "run", Seconds(20)));
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
