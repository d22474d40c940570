#pragma once

#include <functional>
#include <istream>
#include <string>

#include "run/matrix.h"

namespace isobatch {

/// The worker's side of the line protocol: a handshake line, then for every trial line on `input` one answer line.
///
/// handshake  {"protocol": 1, "libtorch": "2.11.0", "cases": [{"name", "summary"}…], "faults": [ids]}
/// answer     {"record": {…}}  or  {"error": {"what", "where", "next", "exit_code"}}
void serve(std::istream& input, const std::function<void(const std::string& line)>& answer, Plant plant, Keep keep);

inline constexpr int worker_protocol = 1;

}  // namespace isobatch
