#include "trace/sink.h"

#include <set>

#include "tests/base/expect.h"
#include "tests/base/temporary_directory.h"
#include "tests/trace/forge.h"
#include "tests/trace/small_trace.h"
#include "trace/read.h"

namespace isobatch {
namespace {

namespace fs = std::filesystem;

TEST(MemorySink, KeepsTheTraceAsItIs) {
    MemorySink sink(2);
    const Trace trace = small_trace();
    for (std::size_t k = 0; k < 3; ++k)
        for (std::size_t rank = 0; rank < 2; ++rank) sink.step(static_cast<int>(rank), trace.ranks[rank][k]);
    sink.end(trace.manifest);
    expect_same(sink.trace(), small_trace());
    expect_same(sink.take(), small_trace());
}

TEST(RankSink, WritesWhatTheMemorySinkKeeps) {
    const TemporaryDirectory directory;
    const Trace trace = small_trace();
    RankSink first(directory / "a.trace", 0), second(directory / "a.trace", 1);
    for (std::size_t k = 0; k < 3; ++k) {  // interleaved, as ranks that run side by side
        first.step(0, trace.ranks[0][k]);
        second.step(1, trace.ranks[1][k]);
    }
    second.end(trace.manifest);
    first.end(trace.manifest);
    finish_trace(directory / "a.trace", {first.manifest(), second.manifest()});
    expect_same(read_trace(directory / "a.trace"), trace);
}

TEST(FinishTrace, RanksOfDifferentRunsAreNoTrace) {
    const TemporaryDirectory directory;
    Trace trace = small_trace();
    RankSink first(directory.path(), 0), second(directory.path(), 1);
    first.end(trace.manifest);
    ++trace.manifest.seed;
    second.end(trace.manifest);
    const Error error = error_of([&] { finish_trace(directory.path(), {first.manifest(), second.manifest()}); });
    EXPECT_TRUE(says(error.where(), "rank 1"));
    EXPECT_FALSE(fs::exists(directory / "manifest.json"));
}

TEST(FinishTrace, ARankThatTellsNonsenseIsNamed) {
    const TemporaryDirectory directory;
    RankSink first(directory.path(), 0);
    first.end(small_trace().manifest);
    const Error error = error_of([&] { finish_trace(directory.path(), {first.manifest(), "{}"}); });
    EXPECT_TRUE(says(error.where(), "rank 1"));
    EXPECT_FALSE(fs::exists(directory / "manifest.json"));
}

TEST(RankSink, MakesTheFilesOfTheFormatAndNoOther) {
    const TemporaryDirectory directory;
    write_trace(small_trace(), directory / "a.trace");
    std::set<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(directory / "a.trace"))
        if (entry.is_regular_file()) files.insert(fs::relative(entry.path(), directory / "a.trace").string());
    EXPECT_EQ(files, (std::set<std::string>{"manifest.json", "rank0/steps.jsonl", "rank0/step-000001.safetensors",
                                            "rank0/step-000002.safetensors", "rank1/steps.jsonl",
                                            "rank1/step-000001.safetensors", "rank1/step-000002.safetensors"}));
    files.erase("manifest.json");
    std::set<std::string> listed;
    const Json manifest = Json::parse(get(directory / "a.trace" / "manifest.json"));
    for (const auto& [path, entry] : manifest.at("files").items()) {
        listed.insert(path);
        EXPECT_EQ(entry.at("bytes"), fs::file_size(directory / "a.trace" / path));
        EXPECT_EQ(entry.at("digest"), xxh3_digest(get(directory / "a.trace" / path)));
    }
    EXPECT_EQ(listed, files);
}

TEST(RankSink, NamesATensorsFileAfterItsStep) {
    const TemporaryDirectory directory;
    Trace trace = small_trace();
    trace.ranks[1][0].tensors.clear();
    write_trace(trace, directory / "a.trace");
    EXPECT_FALSE(fs::exists(directory / "a.trace/rank1/step-000001.safetensors"));
    EXPECT_TRUE(fs::exists(directory / "a.trace/rank1/step-000002.safetensors"));
    expect_same(read_trace(directory / "a.trace"), trace);
}

TEST(RankSink, EveryStepIsReadableBeforeTheEndAndTheManifestComesLast) {
    const TemporaryDirectory directory;
    const Trace trace = small_trace();
    RankSink first(directory.path(), 0), second(directory.path(), 1);
    first.step(0, trace.ranks[0][0]);
    EXPECT_EQ(read_unfinished(directory.path()).ranks.at(0).size(), 1u);
    first.step(0, trace.ranks[0][1]);
    second.step(1, trace.ranks[1][0]);
    const Trace sofar = read_unfinished(directory.path());
    EXPECT_EQ(sofar.ranks.at(0).size(), 2u);
    EXPECT_EQ(sofar.ranks.at(1).size(), 1u);
    first.end(trace.manifest);
    second.end(trace.manifest);
    EXPECT_FALSE(fs::exists(directory / "manifest.json"));
    finish_trace(directory.path(), {first.manifest(), second.manifest()});
    EXPECT_TRUE(fs::exists(directory / "manifest.json"));
}

TEST(RankSink, NeverWritesOverAFinishedTrace) {
    const TemporaryDirectory directory;
    write_trace(small_trace(), directory.path());
    const std::string before = get(directory / "rank0/steps.jsonl");
    const Error error = error_of([&] { RankSink(directory.path(), 0); });
    EXPECT_TRUE(says(error.problem(), "already there"));
    EXPECT_EQ(error.where(), directory.path().string());
    EXPECT_EQ(get(directory / "rank0/steps.jsonl"), before);
}

TEST(RankSink, StartsOverWhatAnInterruptedRunLeft) {
    const TemporaryDirectory directory;
    RankSink(directory.path(), 0).step(0, small_step(0, 3));
    write_trace(small_trace(), directory.path());
    expect_same(read_trace(directory.path()), small_trace());
}

TEST(RankSink, APlaceThatCannotBeIsAnError) {
    const TemporaryDirectory directory;
    put(directory / "file", "x");
    EXPECT_THROW(RankSink(directory.path() / "file" / "a.trace", 0), Error);
    EXPECT_THROW(RankSink(directory.path() / std::string(300, 'x'), 0), Error);
    EXPECT_THROW(RankSink(directory.path() / std::string(5000, 'x'), 0), Error);
}

}  // namespace
}  // namespace isobatch
