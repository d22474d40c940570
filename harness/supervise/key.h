#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace isobatch {

/// What keeps strangers out of a run on several machines: two words by chance, in a file of the run directory that
/// only its user can read. Who reads it has the rights to the run that the file system gives; nobody else can be a
/// rank, or pretend to be rank 0. What is said afterwards is not encrypted.
struct Key {
    std::string of_ranks;   ///< a rank says it first
    std::string of_leader;  ///< and believes only who answers with this one

    bool operator==(const Key&) const = default;
};

/// A new one, in the place of any other. Throws Error when it cannot be written.
Key make_key(const std::filesystem::path& path);

/// Nothing while there is no whole one.
std::optional<Key> read_key(const std::filesystem::path& path);

}  // namespace isobatch
