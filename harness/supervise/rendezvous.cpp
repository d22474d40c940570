#include "supervise/rendezvous.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include <fmt/format.h>

#include "base/digest.h"
#include "base/error.h"

namespace isobatch {

namespace {

struct Address {
    sockaddr_un address{};
    socklen_t size = 0;
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

/// In the abstract namespace of Linux, where a name goes with the last process that holds it.
Address address_of(const std::string& name) {
    const std::string text = fmt::format("isobatch-{}-{}", ::getuid(), xxh3_digest(name));
    Address result;
    result.address.sun_family = AF_UNIX;
    text.copy(result.address.sun_path + 1, sizeof result.address.sun_path - 1);
    result.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
    return result;
}

bool of_this_user(int connection) {
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::getuid();
}

}  // namespace

Rendezvous::Rendezvous(const std::string& name) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const Address address = address_of(name);
    if (socket_ >= 0 && ::bind(socket_, address.get(), address.size) == 0 && ::listen(socket_, 4096) == 0) return;
    const int code = errno;
    if (socket_ >= 0) ::close(socket_);
    throw Error(fmt::format("cannot wait for the other ranks: {}", std::strerror(code)), name,
                "another run uses this directory: choose another with --out");
}

Rendezvous::~Rendezvous() {
    ::close(socket_);
}

std::unique_ptr<Process> Rendezvous::accept(Process::Seconds deadline) const {
    const auto until = std::chrono::steady_clock::now() + deadline;
    for (;;) {
        const Process::Seconds left = until - std::chrono::steady_clock::now();
        pollfd waited{socket_, POLLIN, 0};
        if (left.count() <= 0 || ::poll(&waited, 1, static_cast<int>(std::min(left.count() * 1000 + 1, 1e9))) == 0)
            return nullptr;
        const int connection = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection >= 0 && of_this_user(connection)) return std::make_unique<Process>(connection);
        if (connection >= 0) ::close(connection);
    }
}

std::unique_ptr<Process> meet(const std::string& name, Process::Seconds deadline) {
    const auto until = std::chrono::steady_clock::now() + deadline;
    const Address address = address_of(name);
    do {
        const int connection = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connection >= 0 && ::connect(connection, address.get(), address.size) == 0 && of_this_user(connection))
            return std::make_unique<Process>(connection);
        if (connection >= 0) ::close(connection);
        ::usleep(20'000);
    } while (std::chrono::steady_clock::now() < until);
    return nullptr;
}

}  // namespace isobatch
