#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace isobatch {

/// `24GiB` (1024³), `80GB` (1000³), `512MiB`, `1.5GB`, or a number of bytes: at least one byte, less than 2^53 of them.
/// Throws Error naming `where`.
std::int64_t parse_bytes(std::string_view text, const std::string& where);

/// In the largest binary unit, with three digits: `1.5 GiB`.
std::string bytes_text(double bytes);

}  // namespace isobatch
