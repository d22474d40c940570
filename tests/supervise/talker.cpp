/// A child for the tests: reads lines on standard input and answers on descriptor 3.
/// `say TEXT`, `lines N`, `long N`, `half` (an answer without its end, then death), `hush` (closes the descriptor and
/// waits), `leave CODE`, `descriptors`; anything else comes back as it is. Started with `flood N`, it says N bytes
/// before it listens.
#include <cstdlib>
#include <iostream>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace {

void answer(const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
        const ssize_t written = ::write(3, text.data() + at, text.size() - at);
        if (written <= 0) std::_Exit(90);
        at += static_cast<std::size_t>(written);
    }
}

void obey(const std::string& line) {
    const std::string word = line.substr(0, line.find(' ')),
                      rest = line.size() > word.size() ? line.substr(word.size() + 1) : "";
    if (word == "say") return answer(rest + "\n");
    if (word == "long") return answer(std::string(std::stoul(rest), 'x') + "\n");
    if (word == "leave") std::_Exit(std::stoi(rest));
    if (word == "hush") {
        ::close(3);
        return;
    }
    if (word == "half") {
        answer("half");
        std::_Exit(4);
    }
    if (word == "lines") {
        std::string all;
        for (int i = 0; i < std::stoi(rest); ++i) all += std::to_string(i) + "\n";
        return answer(all);
    }
    if (word == "descriptors") {
        std::string open;
        for (int i = 0; i < 1024; ++i)
            if (::fcntl(i, F_GETFD) >= 0) open += std::to_string(i) + " ";
        return answer(open + "\n");
    }
    answer(line + "\n");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 3) answer(std::string(std::stoul(argv[2]), 'x') + "\n");
    for (std::string line; std::getline(std::cin, line);) obey(line);
    return 0;
}
