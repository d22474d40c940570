#include "supervise/key.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace isobatch {

namespace {

constexpr std::size_t word_bytes = 16;

std::string random_word() {
    std::array<unsigned char, word_bytes> bytes{};
    if (::getentropy(bytes.data(), bytes.size()) != 0)
        throw Error(fmt::format("the system gives no random bytes: {}", std::strerror(errno)), "starting the ranks",
                    "start all ranks on one machine");
    std::string word;
    for (const unsigned char byte : bytes) word += fmt::format("{:02x}", byte);
    return word;
}

bool is_word(const std::string& text) {
    return text.size() == 2 * word_bytes && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

Key make_key(const std::filesystem::path& path) {
    const Key key{random_word(), random_word()};
    const std::string text = key.of_ranks + "\n" + key.of_leader + "\n", beside = path.string() + ".part";
    ::unlink(beside.c_str());
    const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const bool written = file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    const bool closed = file >= 0 && ::close(file) == 0;  // what a network file system could not take it says here
    if (!written || !closed || ::rename(beside.c_str(), path.c_str()) != 0)
        throw Error(fmt::format("cannot write the key of the ranks: {}", std::strerror(errno)), path.string(),
                    "check the directory, or choose another with --out");
    return key;
}

std::optional<Key> read_key(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text(2 * (2 * word_bytes + 1), '\0');  // no more than a key is read of what may be anything
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    const std::vector<std::string> lines = pieces(text, '\n');
    if (lines.size() < 2 || !is_word(lines[0]) || !is_word(lines[1])) return std::nullopt;
    return Key{lines[0], lines[1]};
}

}  // namespace isobatch
