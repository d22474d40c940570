#pragma once

#include <string>
#include <string_view>

namespace isobatch {

/// The SHA-256 of the bytes in base64, as a Content-Security-Policy names the one script that may run.
std::string sha256_base64(std::string_view bytes);

}  // namespace isobatch
