/// The worker: reads trial lines on its standard input, answers on descriptor 3. Started by isobatch; links LibTorch.
#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <iostream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/error.h"
#include "cases/faults/faults.h"
#include "run/worker.h"

namespace {

constexpr int answer_descriptor = 3;

/// An answer that cannot be delivered means that nobody waits for another.
void answer(const std::string& line) {
    const std::string text = line + "\n";
    std::size_t sent = 0;
    while (sent < text.size()) {
        const ssize_t written = ::write(answer_descriptor, text.data() + sent, text.size() - sent);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) std::exit(0);
        sent += static_cast<std::size_t>(written);
    }
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("The worker of isobatch: runs trials that it reads, one a line, on its standard input.",
                 "isobatch-run");
    isobatch::Keep keep;
    app.add_option("--out", keep.directory, "Run directory for the traces that are kept");
    app.add_flag("--keep-traces", keep.all, "Keep every trace");
    CLI11_PARSE(app, argc, argv);
    if (::fcntl(answer_descriptor, F_GETFD) < 0) {
        fmt::print(stderr,
                   "isobatch-run is started by isobatch, which listens on its descriptor 3; run isobatch check\n");
        return 2;
    }
    isobatch::serve(std::cin, answer, isobatch::plant, keep);
    return 0;
}
