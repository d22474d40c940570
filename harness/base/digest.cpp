#include "base/digest.h"

#include <array>

#include <fmt/format.h>
#define XXH_INLINE_ALL         // header only: nothing to link, and no clash with another copy in the process
#define XXH_NO_INLINE_HINTS 1  // forced inlining does not compile with -Og; as fast without (20 GB/s at -O2)
#include <xxhash.h>

namespace isobatch {

namespace {

constexpr std::array<std::uint32_t, 256> crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1U) ? 0xedb88320U : 0U);
        table[i] = value;
    }
    return table;
}

XXH3_state_t* as_state(void* state) {
    return static_cast<XXH3_state_t*>(state);
}

}  // namespace

std::string crc32_digest(std::span<const std::byte> bytes) {
    static constexpr auto table = crc_table();
    std::uint32_t value = 0xffffffffU;
    for (const std::byte b : bytes) value = table[(value ^ static_cast<std::uint32_t>(b)) & 0xffU] ^ (value >> 8);
    return fmt::format("crc32:{:08x}", value ^ 0xffffffffU);
}

std::string xxh3_digest(std::span<const std::byte> bytes) {
    return fmt::format("xxh3:{:016x}", XXH3_64bits(bytes.data(), bytes.size()));
}

std::string xxh3_digest(std::string_view text) {
    return xxh3_digest(std::as_bytes(std::span(text)));
}

std::string digest_like(std::string_view like, std::span<const std::byte> bytes) {
    if (like.starts_with("crc32:")) return crc32_digest(bytes);
    if (like.starts_with("xxh3:")) return xxh3_digest(bytes);
    return {};
}

RunningDigest::RunningDigest() : state_(XXH3_createState()) {
    XXH3_64bits_reset(as_state(state_));
}
RunningDigest::~RunningDigest() {
    XXH3_freeState(as_state(state_));
}

void RunningDigest::add(std::span<const std::byte> part) {
    const std::uint64_t size = part.size();
    XXH3_64bits_update(as_state(state_), &size, sizeof size);
    XXH3_64bits_update(as_state(state_), part.data(), part.size());
}

void RunningDigest::add(std::string_view part) {
    add(std::as_bytes(std::span(part)));
}

std::string RunningDigest::text() const {
    return fmt::format("xxh3:{:016x}", XXH3_64bits_digest(as_state(state_)));
}

}  // namespace isobatch
