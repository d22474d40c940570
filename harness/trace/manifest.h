#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "plan/contract.h"
#include "plan/mesh.h"
#include "plan/recipe.h"
#include "plan/split.h"

namespace isobatch {

struct Parameter {
    std::string name;
    std::vector<std::int64_t> shape;

    bool operator==(const Parameter&) const = default;
};

/// How a run ended: complete, or crashed with the first failing rank and its message.
struct Ended {
    bool complete = false;
    int rank = 0;
    std::int64_t step = 0;
    std::string message;

    bool operator==(const Ended&) const = default;
};

/// How much a trace holds of each step: `sketch` some coordinates of each gradient (trace/sketch.h).
enum class Level { losses, sketch, grads, full };

std::string to_string(Level level);

/// What a run was and how it ended. Its file is written last, so its presence means that the run ended.
struct Manifest {
    std::string trial;  ///< text form
    Split split;
    std::string engine, device;
    Recipe recipe = Recipe::fp32;
    std::optional<Contract> contract;  ///< absent: the writer did not know what the trainer claims
    Level level = Level::grads;
    std::uint64_t seed = 0;
    std::int64_t steps = 0;
    int epochs = 1;
    int ranks = 1;              ///< how many rank folders there are
    int copies = 1, inner = 1;  ///< as in Mesh
    std::vector<Parameter> parameters;
    std::vector<std::string> buffers;    ///< names of what the model keeps beside them, as running statistics
    std::optional<std::string> follows;  ///< digest of the reference whose state each window started from
    Ended ended;
    std::map<std::string, std::string> provenance;

    Mesh mesh() const { return {ranks / copies, copies, inner}; }
};

struct FileEntry {
    std::uint64_t bytes = 0;
    std::string digest;
};

/// Path inside the trace → its size and digest.
using FileEntries = std::map<std::string, FileEntry>;

/// The file's whole text: one line, whose last member is a digest of everything before it.
std::string manifest_text(const Manifest& manifest, const FileEntries& files);

/// The inverse. Throws Error naming `where` for anything that is not exactly such a text.
Manifest parse_manifest(std::string_view text, const std::string& where, FileEntries& files);

}  // namespace isobatch
