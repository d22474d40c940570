#include "trace/sink.h"

#include <fmt/format.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "trace/safetensors.h"

namespace isobatch {

struct DirectorySink::Rank {
    explicit Rank(const std::filesystem::path& folder) : lines(folder / "steps.jsonl") {}
    LineFile lines;
    std::string text;  ///< what the file holds, for its digest
    int steps = 0;
};

DirectorySink::DirectorySink(std::filesystem::path directory, int ranks) : directory_(std::move(directory)) {
    std::error_code code;
    if (std::filesystem::exists(directory_ / "manifest.json", code))
        throw Error("a finished trace is already there", directory_.string(), "remove it, or choose another directory");
    for (int rank = 0; rank < ranks; ++rank) {
        const auto folder = directory_ / fmt::format("rank{}", rank);
        make_directory(folder);
        ranks_.push_back(std::make_unique<Rank>(folder));
    }
}

DirectorySink::~DirectorySink() = default;

void DirectorySink::step(int number, Step step) {
    Rank& rank = *ranks_.at(static_cast<std::size_t>(number));
    std::string file;
    ++rank.steps;  // also those without tensors, so that a file is named after its step
    if (!step.tensors.empty()) {
        file = fmt::format("step-{:06}.safetensors", rank.steps);
        const std::string bytes = safetensors_bytes(step.tensors);
        const std::string path = fmt::format("rank{}/{}", number, file);
        write_file(directory_ / path, bytes);
        files_[path] = {bytes.size(), xxh3_digest(bytes)};
    }
    const std::string line = step_line(step, file) + "\n";
    rank.lines.append(line);
    rank.text += line;
}

void DirectorySink::end(const Manifest& manifest) {
    for (std::size_t number = 0; number < ranks_.size(); ++number) {
        ranks_[number]->lines.sync();
        files_[fmt::format("rank{}/steps.jsonl", number)] = {ranks_[number]->text.size(),
                                                             xxh3_digest(ranks_[number]->text)};
    }
    write_file(directory_ / "manifest.json", manifest_text(manifest, files_));
}

void write_trace(const Trace& trace, const std::filesystem::path& directory) {
    DirectorySink sink(directory, static_cast<int>(trace.ranks.size()));
    for (std::size_t rank = 0; rank < trace.ranks.size(); ++rank)
        for (const Step& step : trace.ranks[rank]) sink.step(static_cast<int>(rank), step);
    sink.end(trace.manifest);
}

}  // namespace isobatch
