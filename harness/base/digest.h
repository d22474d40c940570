#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace isobatch {

/// A digest carries its kind in its text: `crc32:…` (any writer can make it) or `xxh3:…` (64 bits, as fast as memory).
std::string crc32_digest(std::span<const std::byte> bytes);
std::string xxh3_digest(std::span<const std::byte> bytes);
std::string xxh3_digest(std::string_view text);

/// Makes the digest of the kind that `like` names; empty when the kind is unknown.
std::string digest_like(std::string_view like, std::span<const std::byte> bytes);

/// A digest over parts that arrive one after another, each with its length, so that moving a boundary changes the
/// result.
class RunningDigest {
public:
    RunningDigest();
    ~RunningDigest();
    RunningDigest(const RunningDigest&) = delete;
    RunningDigest& operator=(const RunningDigest&) = delete;

    void add(std::span<const std::byte> part);
    void add(std::string_view part);
    std::string text() const;

private:
    void* state_;
};

}  // namespace isobatch
