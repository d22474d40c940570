#include "trace/sink.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/digest.h"
#include "base/error.h"
#include "trace/safetensors.h"

namespace isobatch {

namespace {

std::filesystem::path fresh_folder(const std::filesystem::path& directory, int rank) {
    std::error_code code;
    if (std::filesystem::exists(directory / "manifest.json", code))
        throw Error("a finished trace is already there", directory.string(), "remove it, or choose another directory");
    const auto folder = directory / fmt::format("rank{}", rank);
    make_directory(folder);
    return folder;
}

}  // namespace

RankSink::RankSink(std::filesystem::path directory, int rank)
    : directory_(std::move(directory)), rank_(rank), lines_(fresh_folder(directory_, rank) / "steps.jsonl") {}

void RankSink::step(int rank, Step step) {
    ISOBATCH_CHECK(rank == rank_, "a step of this rank");
    std::string file;
    ++steps_;  // also those without tensors, so that a file is named after its step
    if (!step.tensors.empty()) {
        file = fmt::format("step-{:06}.safetensors", steps_);
        const std::string bytes = safetensors_bytes(step.tensors);
        const std::string path = fmt::format("rank{}/{}", rank_, file);
        write_file(directory_ / path, bytes, Sync::when_kept);
        files_[path] = {bytes.size(), xxh3_digest(bytes)};
    }
    const std::string line = step_line(step, file) + "\n";
    lines_.append(line);
    text_ += line;
}

void RankSink::end(const Manifest& manifest) {
    files_[fmt::format("rank{}/steps.jsonl", rank_)] = {text_.size(), xxh3_digest(text_)};
    manifest_ = manifest_text(manifest, files_);
}

void finish_trace(const std::filesystem::path& directory, const std::vector<std::string>& manifests) {
    FileEntries files;
    std::string first;
    Manifest manifest;
    for (std::size_t rank = 0; rank < manifests.size(); ++rank) {
        const std::string where = fmt::format("the manifest of rank {}", rank);
        FileEntries own;
        manifest = parse_manifest(manifests[rank], where, own);
        files.insert(own.begin(), own.end());
        const std::string bare = manifest_text(manifest, {});
        if (rank == 0) first = bare;
        if (bare != first)
            throw Error("it tells another run than rank 0's", where,
                        "start every rank with the same program and trial");
    }
    write_file(directory / "manifest.json", manifest_text(manifest, files), Sync::when_kept);
}

void write_trace(const Trace& trace, const std::filesystem::path& directory) {
    std::vector<std::string> manifests;
    for (std::size_t rank = 0; rank < trace.ranks.size(); ++rank) {
        RankSink sink(directory, static_cast<int>(rank));
        for (const Step& step : trace.ranks[rank]) sink.step(static_cast<int>(rank), step);
        sink.end(trace.manifest);
        manifests.push_back(sink.manifest());
    }
    finish_trace(directory, manifests);
}

}  // namespace isobatch
