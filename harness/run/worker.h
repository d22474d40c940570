#pragma once

#include <functional>
#include <istream>
#include <string>

#include "run/matrix.h"

namespace isobatch {

/// Delivers one line.
using Answer = std::function<void(const std::string& line)>;

/// The worker's side of the line protocol: a handshake line, then for every line on `input`, a trial or a Job, one
/// answer line.
///
/// handshake  {"protocol": 2, "libtorch": "2.11.0", "nccl": true, "cases": [{"name", "summary"}…], "faults": [ids]}
/// answer     to a trial {"record": {…}}; to a rank's job beats (see Beat), then {"manifest": text}, {"failed":
/// message} or {"out_of_memory": message}; to a reference's job {"written": directory} or one of the latter two; to
/// misuse
///            {"error": {"what", "where", "next", "exit_code"}}
void serve(std::istream& input, const Answer& answer, Plant plant, Keep keep);

}  // namespace isobatch
