/// A worker with cases that die in the split 2x2x1: what the supervisor must survive. They know their split by its
/// micros of two samples.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <fmt/format.h>

#include "run/case.h"

namespace isobatch {

namespace {

/// Where ISOBATCH_ONCE names a file: only for the process that makes it, so that of several ranks one dies.
bool my_turn() {
    const char* file = std::getenv("ISOBATCH_ONCE");
    return !file || ::open(file, O_CREAT | O_EXCL, 0600) >= 0;
}

/// Whether these are the same samples, in whatever format: the reference runs its last window, of two, several times.
bool same(const at::Tensor& a, const at::Tensor& b) {
    return a.sizes() == b.sizes() && a.to(at::kDouble).allclose(b.to(at::kDouble), 1e-2);
}

Case dying(const std::string& name, void (*die)()) {
    // The registry may not hold mlp yet, so its parts are looked up when they are used.
    Case subject;
    subject.name = name;
    subject.optimizer = {.kind = OptimizerChoice::Kind::sgd, .lr = 0.1, .momentum = 0.9};
    subject.make_data = [](const DataChoice& choice) { return find_case("mlp").make_data(choice); };
    subject.make_model = [](at::ScalarType dtype, Seed seed) { return find_case("mlp").make_model(dtype, seed); };
    subject.loss_sum = [die](torch::nn::Module& model, const Examples& examples) {
        static at::Tensor last;  // a random cut of the reference holds a pair too, but never one after another
        const bool another =
            last.defined() && last.size(0) == 2 && examples[0].size(0) == 2 && !same(last, examples[0]);
        last = examples[0].detach();
        if (another && my_turn()) die();
        return find_case("mlp").loss_sum(model, examples);
    };
    return subject;
}

Case aborts() {
    return dying("aborts-in-2x2x1", [] {
        fmt::print(stderr, "last words\n");
        std::abort();
    });
}
Case throws() {
    return dying("throws-in-2x2x1", [] { throw std::runtime_error("deliberate failure"); });
}
Case exits() {
    return dying("exits-in-2x2x1", [] { ::_exit(0); });
}
Case hangs() {
    return dying("hangs-in-2x2x1", [] { ::sleep(600); });
}

/// Shuts this process's connections for writing: all of them, since an all-reduce among many ranks may not use each.
/// Whether there was one.
bool half_close() {
    bool any = false;
    for (int descriptor = 4; descriptor < 256; ++descriptor) {
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) == 0 && peer.sin_family == AF_INET)
            any |= ::shutdown(descriptor, SHUT_WR) == 0;
    }
    return any;
}

/// Does what tests/campaign orders this process to do, in a file that is named after its id.
void obey(const std::string& order, at::Tensor& loss) {
    const auto hang = [] { ::sleep(600); };
    if (order == "throw") throw std::runtime_error("deliberate failure");
    if (order == "abort") std::abort();
    if (order == "exit") ::_exit(0);
    if (order == "hang") hang();
    if (order == "slow") ::usleep(700'000);
    if (order == "deaf") ::close(3);
    if (order == "half-close" && !half_close()) std::abort();
    if (order == "hang-in-backward")
        loss.register_hook([hang](const at::Tensor& gradient) {
            hang();
            return gradient;
        });
}

/// mlp at a pace at which it can be disturbed.
Case obedient() {
    Case subject = dying("obedient", [] {});
    subject.loss_sum = [](torch::nn::Module& model, const Examples& examples) {
        ::usleep(2000);
        std::signal(SIGXFSZ, SIG_IGN);  // so that a write to a full disk fails, as it does in production
        at::Tensor loss = find_case("mlp").loss_sum(model, examples);
        const char* folder = std::getenv("ISOBATCH_ORDERS");
        const std::filesystem::path file = std::filesystem::path(folder ? folder : ".") / std::to_string(::getpid());
        std::string order;
        if (folder && std::ifstream(file) >> order && std::filesystem::remove(file)) obey(order, loss);
        return loss;
    };
    return subject;
}

ISOBATCH_CASE(aborts);
ISOBATCH_CASE(throws);
ISOBATCH_CASE(exits);
ISOBATCH_CASE(hangs);
ISOBATCH_CASE(obedient);

}  // namespace

}  // namespace isobatch
