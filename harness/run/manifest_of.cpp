#include "run/manifest_of.h"

#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include <ATen/Parallel.h>
#include <torch/headeronly/version.h>

#include "run/attention.h"
#include "run/device.h"

namespace isobatch {

namespace {
std::string cpu_model() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
    return "unknown";
}

/// Of the machine's first one, as its driver says.
std::string gpu_model() {
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/driver/nvidia/gpus", code)) {
        std::ifstream file(entry.path() / "information");
        for (std::string line; std::getline(file, line);)
            if (line.starts_with("Model:")) return line.substr(line.find_first_not_of(" \t", 6));
    }
    return "unknown";
}

/// As attention_kernels, which runs the model once for each case, recipe and device.
const std::string& attention_of(const Setup& setup) {
    static std::map<std::string, std::string> known;
    const std::string key =
        fmt::format("{} {} {}", setup.subject->name, to_string(setup.trial.recipe), setup.trial.device);
    const auto found = known.find(key);
    return found != known.end() ? found->second : known.emplace(key, attention_kernels(setup)).first->second;
}
}  // namespace

std::map<std::string, std::string> provenance() {
    return {
        {"libtorch", TORCH_VERSION}, {"compiler", __VERSION__}, {"cpu", cpu_model()},
            {"intra_op_threads", std::to_string(at::get_num_threads())},
#if defined(__x86_64__)
        {
            "architecture", "x86-64"
        }
    };
#else
        {
            "architecture", "other"
        }
    };
#endif
}

Manifest manifest_of(const Setup& setup, Level level, std::vector<Parameter> parameters,
                     std::vector<std::string> buffers, std::int64_t steps, std::optional<std::string> follows) {
    static const std::map<std::string, std::string> here = provenance();
    Manifest manifest;
    manifest.trial = to_string(setup.trial);
    manifest.split = setup.trial.split;
    manifest.engine = setup.trial.engine;
    manifest.device = setup.trial.device;
    manifest.recipe = setup.trial.recipe;
    manifest.contract = setup.subject->contract;
    manifest.level = level;
    manifest.seed = setup.trial.seed;
    manifest.steps = steps;
    manifest.epochs = setup.trial.epochs;
    const Mesh mesh = mesh_of(setup.trial);
    manifest.ranks = mesh.ranks();
    manifest.copies = mesh.copies;
    manifest.inner = mesh.inner;
    manifest.parameters = std::move(parameters);
    manifest.buffers = std::move(buffers);
    manifest.follows = std::move(follows);
    manifest.ended.complete = true;
    manifest.provenance = here;
    if (setup.trial.device != "cpu") {
        manifest.provenance["gpu"] = gpu_model();
        manifest.provenance.merge(numeric_switches());
        if (const std::string& kernels = attention_of(setup); !kernels.empty())
            manifest.provenance["attention"] = kernels;
    }
    return manifest;
}

}  // namespace isobatch
