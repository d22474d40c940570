#include "supervise/door.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace isobatch {

namespace {

using Clock = std::chrono::steady_clock;
using Time = std::chrono::time_point<Clock, Process::Seconds>;

constexpr std::size_t longest_knock = 256, most_knocking = 256;
constexpr std::chrono::seconds patience(10);  // with who knocks; and with a key that a network file system shows late
constexpr const char* no_key = "-";

/// As long as poll may wait, which then looks at its deadline again.
int milliseconds_until(Time until) {
    return static_cast<int>(std::clamp(1000 * Process::Seconds(until - Clock::now()).count(), 0.0, 200.0));
}

/// A machine that is gone says nothing: its connection is closed after 20 s without an answer.
void notice_silence(int connection) {
    const int on = 1, seconds = 5, probes = 3;
    const unsigned unanswered_ms = 20'000;
    ::setsockopt(connection, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    ::setsockopt(connection, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
    ::setsockopt(connection, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof seconds);
    ::setsockopt(connection, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
    ::setsockopt(connection, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered_ms, sizeof unanswered_ms);
    ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/// One end of a connection as a number: `10.0.0.2`.
std::string address_of(int connection, decltype(::getpeername)& end) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    char text[NI_MAXHOST] = "";
    if (end(connection, reinterpret_cast<sockaddr*>(&address), &size) == 0)
        ::getnameinfo(reinterpret_cast<sockaddr*>(&address), size, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
    const std::string found = text, mapped = "::ffff:";  // IPv4 through a socket of IPv6
    return found.starts_with(mapped) ? found.substr(mapped.size()) : found;
}

/// For IPv6 and IPv4, or for IPv4 where there is no other.
int bind_port(int port) {
    const int on = 1, off = 0;
    for (const int family : {AF_INET6, AF_INET}) {
        const int descriptor = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (descriptor < 0) continue;
        ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (family == AF_INET6) ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
        sockaddr_in6 six{};
        six.sin6_family = AF_INET6;
        six.sin6_port = htons(static_cast<std::uint16_t>(port));
        sockaddr_in four{};
        four.sin_family = AF_INET;
        four.sin_port = six.sin6_port;
        const bool bound = family == AF_INET6
                               ? ::bind(descriptor, reinterpret_cast<const sockaddr*>(&six), sizeof six) == 0
                               : ::bind(descriptor, reinterpret_cast<const sockaddr*>(&four), sizeof four) == 0;
        if (bound) return descriptor;
        const int code = errno;
        ::close(descriptor);
        errno = code;
        if (code == EADDRINUSE) break;
    }
    return -1;
}

/// A line of a few bytes: they fit into what a new connection holds.
bool say(int connection, const std::string& line) {
    const std::string text = line + "\n";
    return ::send(connection, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

Error taken(int port) {
    return {fmt::format("cannot wait for the ranks of other machines at port {}: {}", port, std::strerror(errno)),
            "MASTER_PORT", "give all ranks another port, which is free on rank 0's machine"};
}

Error not_shared(const std::string& who, const std::filesystem::path& key_file) {
    return {fmt::format("{} does not see what rank 0 wrote, so they do not share the run directory", who),
            key_file.string(), "choose a directory with --out that all machines share"};
}

}  // namespace

struct Door::Knocking {
    int connection = -1;
    std::string said;
    Time until;

    bool over() const { return connection < 0; }
    void send_away() {
        if (connection >= 0) ::close(connection);
        connection = -1;
    }
};

Door::Door(int port, std::filesystem::path key_file, std::string run)
    : socket_(bind_port(port)), key_file_(std::move(key_file)), run_(std::move(run)) {
    if (socket_ < 0) throw taken(port);
}

Door::~Door() {
    for (Knocking& one : knocking_) one.send_away();
    ::close(socket_);
    std::error_code ignored;
    if (key_ && read_key(key_file_) == key_) std::filesystem::remove(key_file_, ignored);
}

int Door::port() const {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                               : reinterpret_cast<sockaddr_in&>(address).sin_port);
}

void Door::open() {
    if (key_) return;
    std::filesystem::create_directories(key_file_.parent_path());
    key_ = make_key(key_file_);  // before anybody can knock: then who does not see it never will
    if (::listen(socket_, 4096) != 0) throw taken(port());  // by one that had it before us, and listens since then
}

void Door::let_knock() {
    const int connection = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (connection < 0) return;
    if (knocking_.size() == most_knocking) {
        knocking_.front().send_away();
        knocking_.erase(knocking_.begin());
    }
    knocking_.push_back({connection, {}, Clock::now() + patience});
}

/// What it said so far decides: let in, sent away, or heard further.
Guest Door::answer(Knocking& one) const {
    char buffer[longest_knock];
    const ssize_t got = ::recv(one.connection, buffer, sizeof buffer, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    if (got > 0) one.said.append(buffer, static_cast<std::size_t>(got));
    const bool whole = one.said.ends_with("\n");
    if (got > 0 && !whole && one.said.size() < longest_knock) return {};
    const std::string hello = "isobatch " + run_ + " ";
    if (one.said == hello + no_key + "\n") {
        const std::string who = "a rank on " + address_of(one.connection, ::getpeername);
        one.send_away();
        throw not_shared(who, key_file_);
    }
    if (one.said != hello + key_->of_ranks + "\n" || !say(one.connection, key_->of_leader)) {
        one.send_away();
        return {};
    }
    notice_silence(one.connection);
    Guest guest{nullptr, address_of(one.connection, ::getpeername), address_of(one.connection, ::getsockname)};
    guest.process = std::make_unique<Process>(std::exchange(one.connection, -1));
    return guest;
}

Guest Door::accept(Process::Seconds deadline) {
    open();
    const Time until = Clock::now() + deadline;
    for (;;) {
        std::vector<pollfd> watched{{socket_, POLLIN, 0}};
        for (const Knocking& one : knocking_) watched.push_back({one.connection, POLLIN, 0});
        ::poll(watched.data(), watched.size(), milliseconds_until(until));
        Guest guest;
        for (std::size_t i = 0; i < knocking_.size() && !guest.process; ++i)
            if (watched[i + 1].revents != 0)
                guest = answer(knocking_[i]);
            else if (Clock::now() >= knocking_[i].until)
                knocking_[i].send_away();
        std::erase_if(knocking_, [](const Knocking& one) { return one.over(); });
        if (guest.process) return guest;
        if (watched[0].revents != 0) let_knock();
        if (Clock::now() >= until) return {};
    }
}

namespace {

/// Connected, or -1.
int connection_to(const std::string& host, int port, Time until) {
    addrinfo wanted{}, *found = nullptr;
    wanted.ai_socktype = SOCK_STREAM;
    if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found) != 0) return -1;
    int connection = -1;
    for (const addrinfo* one = found; one && connection < 0; one = one->ai_next) {
        connection = ::socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (connection < 0) continue;
        bool connected = ::connect(connection, one->ai_addr, one->ai_addrlen) == 0;
        for (bool waits = !connected && errno == EINPROGRESS; waits && !connected && Clock::now() < until;) {
            pollfd watched{connection, POLLOUT, 0};
            if (::poll(&watched, 1, milliseconds_until(until)) <= 0) continue;
            int code = 0;
            socklen_t size = sizeof code;
            connected = ::getsockopt(connection, SOL_SOCKET, SO_ERROR, &code, &size) == 0 && code == 0;
            waits = false;
        }
        if (connected) break;
        ::close(std::exchange(connection, -1));
    }
    ::freeaddrinfo(found);
    return connection;
}

/// A line of at most so many bytes, and not one byte of what comes after it.
std::string hear_line(int connection, std::size_t most, Time until) {
    std::string line;
    while (line.size() < most && Clock::now() < until) {
        pollfd watched{connection, POLLIN, 0};
        if (::poll(&watched, 1, milliseconds_until(until)) <= 0) continue;
        char byte = 0;
        if (::recv(connection, &byte, 1, 0) <= 0) break;
        if (byte == '\n') return line;
        line += byte;
    }
    return {};
}

/// Rank 0 wrote it before it opened; it may take its time to be seen.
std::optional<Key> wait_for_key(const std::filesystem::path& key_file) {
    const Time until = Clock::now() + patience / 2;  // rank 0 waits longer for what we say then
    std::optional<Key> key;
    while (!(key = read_key(key_file)) && Clock::now() < until) ::usleep(20'000);
    return key;
}

}  // namespace

std::unique_ptr<Process> knock(const std::string& host, int port, const std::filesystem::path& key_file,
                               const std::string& run, Process::Seconds deadline) {
    const Time until = Clock::now() + deadline;
    do {
        const int connection = connection_to(host, port, until);
        if (connection >= 0) {
            const std::optional<Key> key = wait_for_key(key_file);
            const bool said = say(connection, fmt::format("isobatch {} {}", run, key ? key->of_ranks : no_key));
            if (said && key && hear_line(connection, longest_knock, until) == key->of_leader) {
                notice_silence(connection);
                return std::make_unique<Process>(connection);
            }
            ::close(connection);
            if (!key) throw not_shared("this machine", key_file);
        }
        ::usleep(50'000);
    } while (Clock::now() < until);
    return nullptr;
}

}  // namespace isobatch
