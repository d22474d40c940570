#include "base/sum_digest.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace isobatch {

SumDigest sum_digest(std::span<const std::byte> bytes) {
    SumDigest sum = digest_of_unit(0, bytes.size(), 0);
    for (std::size_t begin = 0; begin < bytes.size(); begin += 16) {
        std::uint64_t words[2] = {0, 0};
        std::memcpy(words, bytes.data() + begin, std::min<std::size_t>(16, bytes.size() - begin));
        sum = merged(sum, digest_of_unit(begin / 16 + 1, words[0], words[1]));
    }
    return sum;
}

std::string to_string(const SumDigest& digest) {
    return fmt::format("nh128:{:016x}{:016x}", digest.high, digest.low);
}

}  // namespace isobatch
