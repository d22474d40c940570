#include "trace/read.h"

#include <sys/stat.h>

#include "tests/base/expect.h"
#include "tests/base/temporary_directory.h"
#include "tests/trace/forge.h"
#include "tests/trace/small_trace.h"
#include "trace/safetensors.h"
#include "trace/sink.h"

namespace isobatch {
namespace {

namespace fs = std::filesystem;

class Read : public testing::Test {
protected:
    Read() { write_trace(small_trace(), trace_); }

    /// The Error of reading the trace as it is now; it always names a place in the trace.
    Error refusal() const {
        const Error error = error_of([&] { read_trace(trace_); });
        EXPECT_TRUE(error.where().starts_with(trace_.string())) << error.what();
        EXPECT_FALSE(error.next().empty()) << error.what();
        return error;
    }

    /// The same after a change of the raw bytes whose digests were made to fit.
    template <class Change>
    Error forged(Change change) const {
        Forgery forgery = Forgery::of(trace_);
        change(forgery);
        forgery.write(trace_);
        return refusal();
    }

    TemporaryDirectory directory_;
    fs::path trace_ = directory_ / "a.trace";
    fs::path lines_ = trace_ / "rank1" / "steps.jsonl", tensors_ = trace_ / "rank1" / "step-000002.safetensors";
};

TEST_F(Read, GivesBackWhatWasWritten) {
    expect_same(read_trace(trace_), small_trace());
    EXPECT_EQ(content_digest(read_trace(trace_)), content_digest(small_trace()));
}

TEST_F(Read, TakesAForgeryThatChangedNothing) {
    Forgery::of(trace_).write(trace_);
    expect_same(read_trace(trace_), small_trace());
}

TEST_F(Read, WithoutADirectoryOrAManifestSaysSo) {
    const Error nothing = error_of([&] { read_trace(directory_ / "nothing"); });
    EXPECT_TRUE(says(nothing.problem(), "no such trace"));
    EXPECT_EQ(nothing.exit_code(), 2);
    EXPECT_EQ(error_of([&] { read_trace(trace_ / "manifest.json"); }).exit_code(), 2) << "a file is no trace";
    fs::remove(trace_ / "manifest.json");
    const Error unfinished = refusal();
    EXPECT_EQ(unfinished.exit_code(), 3);
    EXPECT_EQ(unfinished.where(), (trace_ / "manifest.json").string());
}

TEST_F(Read, OneChangedByteIsNamedByFile) {
    for (const fs::path& path : {lines_, tensors_}) {
        const std::string good = get(path);
        std::string bad = good;
        bad[bad.size() / 2] ^= 1;
        put(path, bad);
        const Error error = refusal();
        EXPECT_TRUE(says(error.problem(), "the file was altered"));
        EXPECT_EQ(error.where(), path.string());
        EXPECT_EQ(error.exit_code(), 2);
        put(path, good);
    }
}

TEST_F(Read, OfALargeTraceEveryFileIsLookedAtAndTheFirstBadOneTold) {
    Trace large = small_trace();
    const Tensor many{Dtype::u8, {24 << 20}, {}, std::make_shared<std::vector<std::byte>>(24 << 20)};
    for (std::vector<Step>& steps : large.ranks)
        for (Step& step : steps) {
            Tensor& tensor = step.tensors["many"] = many;
            tensor.bytes = *std::static_pointer_cast<const std::vector<std::byte>>(many.owner);
        }
    fs::remove_all(trace_);
    write_trace(large, trace_);
    EXPECT_EQ(content_digest(read_trace(trace_)), content_digest(large));
    std::vector<fs::path> files;
    for (const auto& file : fs::recursive_directory_iterator(trace_))
        if (file.path().extension() == ".safetensors") files.push_back(file.path());
    std::sort(files.rbegin(), files.rend());
    ASSERT_EQ(files.size(), 6U);
    for (const fs::path& path : files) {  // backwards: the others stay bad
        fs::resize_file(path, fs::file_size(path) - 1);
        EXPECT_EQ(refusal().where(), path.string());
    }
}

TEST_F(Read, ATruncatedOrGrownFileIsNamedWithBothSizes) {
    for (const fs::path& path : {lines_, tensors_}) {
        const std::string good = get(path);
        for (const std::string& bad : {good.substr(0, good.size() - 1), std::string(), good + "x"}) {
            put(path, bad);
            const Error error = refusal();
            EXPECT_EQ(error.problem(),
                      fmt::format("the file has {} bytes, the manifest says {}", bad.size(), good.size()));
            EXPECT_EQ(error.where(), path.string());
        }
        put(path, good);
    }
}

TEST_F(Read, AManifestThatLiesAboutALengthOrADigestIsRefused) {
    Forgery forgery = Forgery::of(trace_);
    const auto lying = [&](const char* field, const Json& value) {
        Json manifest = forgery.listing();
        manifest["files"]["rank1/steps.jsonl"][field] = value;
        put(trace_ / "manifest.json", sealed(manifest));
        return refusal();
    };
    EXPECT_EQ(lying("bytes", 1).where(), lines_.string());
    EXPECT_EQ(lying("bytes", std::int64_t{1} << 62).where(), lines_.string());
    EXPECT_TRUE(says(lying("digest", "xxh3:0000000000000000").problem(), "the file was altered"));
    EXPECT_TRUE(says(lying("digest", "md5:00").problem(), "unknown kind of digest \"md5:00\""));
    EXPECT_TRUE(says(lying("digest", "").problem(), "unknown kind of digest"));
}

TEST_F(Read, AMissingFileRankOrEntryIsRefused) {
    const std::string lines = get(lines_);
    fs::remove(lines_);
    EXPECT_EQ(refusal().where(), lines_.string());
    put(lines_, lines);
    EXPECT_TRUE(
        says(forged([](Forgery& f) { f.files.erase("rank1/steps.jsonl"); }).problem(), "rank 1 of 2 is missing"));
    put(lines_, lines);
    EXPECT_TRUE(says(forged([&](Forgery& f) {
                         f.files["rank1/steps.jsonl"] = lines;
                         f.manifest["ranks"] = 3;
                     }).problem(),
                     "rank 2 of 3 is missing"));
    fs::remove_all(trace_ / "rank1");
    EXPECT_EQ(refusal().where(), (trace_ / "rank1" / "step-000001.safetensors").string());
}

TEST_F(Read, AManifestWithFewerRanksThanFilesIsRefused) {
    EXPECT_TRUE(says(forged([](Forgery& f) { f.manifest["ranks"] = 1; }).problem(), "another rank than the 1"));
    EXPECT_TRUE(says(forged([](Forgery& f) {
                         f.manifest["ranks"] = 0;
                         f.files.clear();
                     }).problem(),
                     "the trace has no rank"));
}

TEST_F(Read, ATensorsFileMustBeListed) {
    const Error error = forged([](Forgery& f) { f.files.erase("rank1/step-000002.safetensors"); });
    EXPECT_TRUE(says(error.problem(), "\"step-000002.safetensors\" is not in the manifest"));
    EXPECT_EQ(error.where(), lines_.string() + ", line 2");
}

TEST_F(Read, ATensorsFileCannotLeaveItsFolder) {
    for (const char* name :
         {"../rank0/step-000001.safetensors", "/etc/passwd", "..", ".", "sub/step.safetensors", "../../outside"}) {
        const Error error = forged([&](Forgery& f) {
            std::string& lines = f.files["rank1/steps.jsonl"];
            Json line = Json::parse(lines.substr(0, lines.find('\n')));
            line["tensors"] = name;
            lines = line.dump() + "\n";
        });
        EXPECT_TRUE(says(error.problem(), "is not in the manifest")) << name;
    }
}

TEST_F(Read, AListedPathCannotLeaveTheTrace) {
    put(directory_ / "secret", "s");
    const Forgery forgery = Forgery::of(trace_);
    for (const std::string& path :
         {std::string("../secret"), std::string("rank0/../../secret"), std::string("rank0/.."), std::string("rank0/."),
          std::string("rank0/"), std::string("rank/x"), std::string("rankx/x"), std::string("/etc/passwd"),
          std::string("steps.jsonl"), std::string(""), std::string("other0/x"), std::string("rank0/a/b"),
          std::string("rank0/x\0y", 9), std::string("rank0/x\ny"), std::string("rank0/\x1b[2J"),
          "rank0/" + std::string(300, 'x')}) {
        Json manifest = forgery.listing();
        manifest["files"][path] = {{"bytes", 1}, {"digest", xxh3_digest("s")}};
        put(trace_ / "manifest.json", sealed(manifest));
        EXPECT_TRUE(says(refusal().problem(), "is not RANK/NAME")) << path;
    }
}

TEST_F(Read, AFifoOrADirectoryInPlaceOfAFileIsRefusedWithoutWaiting) {
    for (const fs::path& path : {lines_, tensors_, trace_ / "manifest.json"}) {
        const std::string good = get(path);
        fs::remove(path);
        ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
        EXPECT_TRUE(says(refusal().problem(), "not a regular file"));
        fs::remove(path);
        fs::create_directory(path);
        EXPECT_TRUE(says(refusal().problem(), "not a regular file"));
        fs::remove(path);
        put(path, good);
    }
    read_trace(trace_);
}

TEST_F(Read, ADamagedLineIsNamedByItsNumber) {
    const auto with_second_line = [&](const std::string& line) {
        return forged([&](Forgery& f) {
            std::string& lines = f.files["rank1/steps.jsonl"];
            const auto first = lines.find('\n') + 1, second = lines.find('\n', first);
            lines.replace(first, second - first, line);
        });
    };
    for (const char* line : {"", "{", "{}", "[]", "null", "{\"step\":1}"})
        EXPECT_TRUE(says(with_second_line(line).where(), "rank1/steps.jsonl, line 2")) << line;
}

TEST_F(Read, ALastLineWithoutItsEndIsRefused) {
    const Error error = forged([](Forgery& f) { f.files["rank1/steps.jsonl"].pop_back(); });
    EXPECT_TRUE(says(error.problem(), "no newline"));
    EXPECT_EQ(error.where(), lines_.string());
}

TEST_F(Read, AGradientOfAnotherShapeThanTheManifestPromisesIsRefused) {
    const auto with_shape = [&](const std::vector<std::int64_t>& shape) {
        return forged([&](Forgery& f) {
            f.files["rank1/step-000002.safetensors"] = safetensors_bytes(
                {{"grad/b", counting_tensor(Dtype::f32, {3}, 1)}, {"grad/w", counting_tensor(Dtype::f64, shape, 1)}});
        });
    };
    for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{3, 2}, {6}, {}, {2, 3, 1}, {0}})
        EXPECT_TRUE(says(with_shape(shape).problem(), "\"grad/w\" of rank 1, step 2 has another shape"));
}

TEST_F(Read, ADamagedTensorsFileIsNamedWithItsKey) {
    const Error error = forged([](Forgery& f) {
        std::string& bytes = f.files["rank1/step-000002.safetensors"];
        bytes.replace(bytes.find("F64"), 3, "F99");
    });
    EXPECT_TRUE(says(error.where(), "rank1/step-000002.safetensors, tensor \"grad/w\""));
}

TEST_F(Read, AnUnknownMajorVersionIsRefused) {
    EXPECT_TRUE(says(forged([](Forgery& f) { f.manifest["version"] = 2; }).problem(), "version 2"));
}

TEST_F(Read, ACrashedRunIsReadable) {
    const TemporaryDirectory directory;
    Trace trace = small_trace();
    trace.manifest.ended = {false, 1, 2, "killed"};
    trace.ranks[1].clear();
    write_trace(trace, directory / "b.trace");
    expect_same(read_trace(directory / "b.trace"), trace);
}

TEST_F(Read, UnfinishedRunIsReadUpToItsLastWholeLine) {
    fs::remove(trace_ / "manifest.json");
    const std::string lines = get(lines_);
    put(lines_, lines.substr(0, lines.size() - 5));
    const Trace trace = read_unfinished(trace_);
    ASSERT_EQ(trace.ranks.size(), 2u);
    EXPECT_EQ(trace.ranks[0].size(), 3u);
    EXPECT_EQ(trace.ranks[1].size(), 2u);
    EXPECT_EQ(trace.manifest.ranks, 2);
    EXPECT_FALSE(trace.manifest.ended.complete);
    EXPECT_FALSE(trace.manifest.ended.message.empty());
    EXPECT_TRUE(trace.ranks[0][0].tensors.empty()) << "nothing vouches for tensors without a manifest";
    put(lines_, "{}\n");
    EXPECT_TRUE(says(error_of([&] { read_unfinished(trace_); }).where(), "line 1"));
}

TEST_F(Read, UnfinishedRunWithoutLinesIsAnError) {
    const TemporaryDirectory empty;
    EXPECT_EQ(error_of([&] { read_unfinished(empty.path()); }).where(), empty.path().string());
}

}  // namespace
}  // namespace isobatch
