#include "trace/read.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <future>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "trace/safetensors.h"

namespace isobatch {

namespace {

namespace fs = std::filesystem;

/// In that time a thread is started a hundred times.
constexpr std::uint64_t bytes_worth_a_thread = 16 << 20;

constexpr const char* again = "write the trace again; nothing of it was used";

/// `rank0/steps.jsonl` or `rank0/NAME`: two plain components, so that no entry can leave the directory,
/// and nothing in them that would act on the terminal that an error names them on.
void require_inside(const std::string& path, const std::string& where) {
    const std::vector<std::string> parts = pieces(path, '/');
    const bool plain = parts.size() == 2 && parts[0].starts_with("rank") && whole_number(parts[0].substr(4)) &&
                       !parts[1].empty() && parts[1] != "." && parts[1] != ".." && path == printable(path) &&
                       path.size() < 256;
    if (!plain) throw Error(fmt::format("file \"{}\" is not RANK/NAME", printable(path.substr(0, 80))), where, again);
}

void verify_file(const fs::path& directory, const std::string& path, const FileEntry& entry, const std::string& where) {
    require_inside(path, where);
    const auto file = MappedFile::open(directory / path);
    const std::string place = (directory / path).string();
    if (file->bytes().size() != entry.bytes)
        throw Error(fmt::format("the file has {} bytes, the manifest says {}", file->bytes().size(), entry.bytes),
                    place, again);
    const std::string digest = digest_like(entry.digest, file->bytes());
    if (digest.empty())
        throw Error(fmt::format("unknown kind of digest \"{}\"", printable(entry.digest.substr(0, 40))), where,
                    "write crc32:… or xxh3:…");
    if (digest != entry.digest)
        throw Error(fmt::format("the file was altered: digest {}, the manifest says {}", digest,
                                printable(entry.digest.substr(0, 80))),
                    place, again);
}

/// Digests are what reading a large trace waits for, so that all processors look at its files. Of several bad ones the
/// first in the manifest's order is told.
void verify_files(const fs::path& directory, const FileEntries& files, const std::string& where) {
    std::vector<const FileEntries::value_type*> order;
    std::uint64_t bytes = 0;
    for (const auto& file : files) {
        order.push_back(&file);
        bytes += file.second.bytes;
    }
    std::vector<std::exception_ptr> wrong(order.size());
    std::atomic<std::size_t> next = 0;
    const auto look = [&] {
        for (std::size_t i = next++; i < order.size(); i = next++) try {
                verify_file(directory, order[i]->first, order[i]->second, where);
            } catch (...) {
                wrong[i] = std::current_exception();
            }
    };
    std::vector<std::future<void>> others;  // each waits for its end where it goes
    const std::uint64_t processors = std::max(1U, std::thread::hardware_concurrency());
    for (std::uint64_t i = 1; i < std::min(processors, bytes / bytes_worth_a_thread + 1); ++i)
        others.push_back(std::async(look));
    look();
    others.clear();
    for (const std::exception_ptr& error : wrong)
        if (error) std::rethrow_exception(error);
}

/// Complete lines only: what follows the last newline is a line that was being written.
std::vector<Step> read_steps(const fs::path& folder, const FileEntries* files) {
    const auto file = MappedFile::open(folder / "steps.jsonl");
    std::string_view text = file->text();
    std::vector<Step> steps;
    while (true) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos) break;
        const std::string place = fmt::format("{}, line {}", (folder / "steps.jsonl").string(), steps.size() + 1);
        std::string tensors;
        Step step = parse_step(text.substr(0, end), place, tensors);
        if (!tensors.empty() && files) {
            const std::string path = fmt::format("{}/{}", folder.filename().string(), tensors);
            if (!files->contains(path))
                throw Error(fmt::format("tensors file \"{}\" is not in the manifest", printable(tensors.substr(0, 80))),
                            place, again);
            step.tensors = read_safetensors(folder / tensors);
        }
        steps.push_back(std::move(step));
        text.remove_prefix(end + 1);
    }
    if (!text.empty() && files) throw Error("the last line has no newline", (folder / "steps.jsonl").string(), again);
    return steps;
}

/// Every gradient has the dtype-independent shape that the manifest promises.
void verify_shapes(const Trace& trace, const std::string& where) {
    std::set<std::string> names;
    for (const Parameter& parameter : trace.manifest.parameters)
        if (!names.insert(parameter.name).second)
            throw Error(fmt::format("parameter \"{}\" is listed twice", printable(parameter.name)), where, again);
    for (const Parameter& parameter : trace.manifest.parameters)
        for (std::size_t rank = 0; rank < trace.ranks.size(); ++rank)
            for (const Step& step : trace.ranks[rank]) {
                const auto it = step.tensors.find("grad/" + parameter.name);
                if (it != step.tensors.end() && it->second.shape != parameter.shape)
                    throw Error(
                        fmt::format(
                            "tensor \"grad/{}\" of rank {}, step {} has another shape than the manifest's parameter",
                            printable(parameter.name), rank, step.number.value_or(0)),
                        where, again);
            }
}

}  // namespace

Trace read_trace(const fs::path& directory) {
    const fs::path manifest = directory / "manifest.json";
    std::error_code code;
    if (!fs::is_directory(directory, code))
        throw Error("no such trace", directory.string(), "name a directory that holds manifest.json");
    if (!fs::exists(manifest, code))
        throw Error("the run has no manifest: it did not end", manifest.string(),
                    "run the trial again; isobatch trace show prints what was recorded", Error::Kind::unfinished);
    const auto text = MappedFile::open(manifest);
    Trace trace;
    FileEntries files;
    trace.manifest = parse_manifest(text->text(), manifest.string(), files);
    verify_files(directory, files, manifest.string());
    for (const auto& [path, entry] : files)
        if (whole_number(pieces(path, '/')[0].substr(4)) >= trace.manifest.ranks)
            throw Error(fmt::format("file \"{}\" is of another rank than the {} of the trace", printable(path),
                                    trace.manifest.ranks),
                        manifest.string(), again);
    if (trace.manifest.ranks < 1) throw Error("the trace has no rank", manifest.string(), again);
    for (int rank = 0; rank < trace.manifest.ranks; ++rank) {
        const std::string lines = fmt::format("rank{}/steps.jsonl", rank);
        if (!files.contains(lines))
            throw Error(fmt::format("rank {} of {} is missing: no entry for {}", rank, trace.manifest.ranks, lines),
                        manifest.string(), again);
        trace.ranks.push_back(read_steps(directory / fmt::format("rank{}", rank), &files));
    }
    verify_shapes(trace, directory.string());
    return trace;
}

Trace read_unfinished(const fs::path& directory) {
    Trace trace;
    trace.manifest.ended.message = "the run did not end";
    std::error_code code;
    for (int rank = 0; fs::exists(directory / fmt::format("rank{}/steps.jsonl", rank), code); ++rank)
        trace.ranks.push_back(read_steps(directory / fmt::format("rank{}", rank), nullptr));
    if (trace.ranks.empty())
        throw Error("no trace here: neither a manifest nor rank0/steps.jsonl", directory.string(),
                    "name a directory written as a trace");
    trace.manifest.ranks = static_cast<int>(trace.ranks.size());
    return trace;
}

}  // namespace isobatch
