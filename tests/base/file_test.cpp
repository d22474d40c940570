#include "base/file.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <csignal>

#include "tests/base/expect.h"
#include "tests/base/temporary_directory.h"

namespace {

/// What this program forced to the disk, in order.
std::vector<std::string> synced;

}  // namespace

/// Stands before the C library's.
extern "C" int fsync(int descriptor) {
    synced.push_back(std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor)).string());
    return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

namespace isobatch {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
    return std::string(MappedFile::open(path)->text());
}

std::size_t entries(const fs::path& directory) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

/// Within its life no file grows beyond `bytes`: a write first ends short, then fails, as on a full disk.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

private:
    rlimit before_{};
    void (*handler_)(int);
};

TEST(MappedFile, HoldsTheBytesOfTheFile) {
    const TemporaryDirectory directory;
    const std::string text = std::string("a\0b\n", 4) + std::string(100'000, 'x');
    write_file(directory / "file", text);
    const auto file = MappedFile::open(directory / "file");
    EXPECT_EQ(file->text(), text);
    EXPECT_EQ(file->bytes().size(), text.size());
    fs::remove(directory / "file");
    EXPECT_EQ(file->text(), text) << "the mapping outlives the name";
}

TEST(MappedFile, TakesAnEmptyFile) {
    const TemporaryDirectory directory;
    write_file(directory / "empty", "");
    EXPECT_TRUE(MappedFile::open(directory / "empty")->bytes().empty());
    EXPECT_EQ(MappedFile::open(directory / "empty")->text(), "");
}

TEST(MappedFile, RefusesWhatIsNoFileWithoutWaiting) {
    const TemporaryDirectory directory;
    ASSERT_EQ(::mkfifo((directory / "fifo").c_str(), 0600), 0);
    const Error missing = error_of([&] { MappedFile::open(directory / "nothing"); });
    EXPECT_EQ(missing.where(), (directory / "nothing").string());
    EXPECT_TRUE(says(missing.next(), "nothing is there"));
    EXPECT_TRUE(says(error_of([&] { MappedFile::open(directory / "fifo"); }).problem(), "not a regular file"));
    EXPECT_TRUE(says(error_of([&] { MappedFile::open(directory.path()); }).problem(), "not a regular file"));
    EXPECT_TRUE(says(error_of([&] { MappedFile::open("/dev/null"); }).problem(), "not a regular file"));
    EXPECT_THROW(MappedFile::open(""), Error);
    EXPECT_THROW(MappedFile::open(directory / std::string(5000, 'x')), Error);
}

TEST(WriteFile, WritesAndReplacesAndLeavesNothingBeside) {
    const TemporaryDirectory directory;
    for (const std::string& text :
         {std::string("first, which is longer"), std::string("second"), std::string(), std::string(3'000'000, 'z')}) {
        write_file(directory / "file", text);
        EXPECT_EQ(content(directory / "file"), text);
        EXPECT_EQ(entries(directory.path()), 1u);
    }
}

TEST(WriteFile, TakesANameWithoutAFolder) {
    const TemporaryDirectory directory;
    const fs::path before = fs::current_path();
    fs::current_path(directory.path());
    write_file("plain", "x");
    fs::current_path(before);
    EXPECT_EQ(content(directory / "plain"), "x");
}

TEST(WriteFile, LeavesTheOldFileWhenTheDiskIsFull) {
    const TemporaryDirectory directory;
    write_file(directory / "file", "old");
    const Error error = error_of([&] {
        const FileSizeLimit limit(10);
        write_file(directory / "file", "twenty bytes of text");
    });
    EXPECT_TRUE(says(error.problem(), "cannot write the file"));
    EXPECT_EQ(error.where(), (directory / "file").string());
    EXPECT_EQ(content(directory / "file"), "old");
    EXPECT_EQ(entries(directory.path()), 1u) << "the half-written file beside it is gone";
}

TEST(WriteFile, LeavesNothingBesideATargetThatCannotBeReplaced) {
    const TemporaryDirectory directory;
    make_directory(directory / "taken" / "inside");
    const Error error = error_of([&] { write_file(directory / "taken", "x"); });
    EXPECT_TRUE(says(error.problem(), "rename"));
    EXPECT_TRUE(says(error.problem(), "directory")) << "the system's own reason";
    EXPECT_TRUE(fs::is_directory(directory / "taken" / "inside"));
    EXPECT_EQ(entries(directory.path()), 1u);
}

TEST(WriteFile, RefusesAPlaceThatDoesNotExist) {
    const TemporaryDirectory directory;
    const Error missing = error_of([&] { write_file(directory.path() / "no" / "file", "x"); });
    EXPECT_TRUE(says(missing.where(), "no/file"));
    EXPECT_TRUE(says(missing.next(), "nothing is there"));
    EXPECT_THROW(write_file("/dev/null/file", "x"), Error);
}

TEST(WriteFile, SyncsTheBytesBeforeTheRenameAndTheFolderAfterIt) {
    const TemporaryDirectory directory;
    synced.clear();
    write_file(directory / "file", "x");
    ASSERT_EQ(synced.size(), 2u);
    EXPECT_TRUE(synced[0].ends_with(".part")) << synced[0];
    EXPECT_EQ(synced[1], directory.path().string());
}

TEST(SyncDirectory, TakesAllThatWasWrittenWithoutASync) {
    const TemporaryDirectory directory;
    make_directory(directory / "below");
    fs::create_symlink("/dev/null", directory / "link");
    synced.clear();
    write_file(directory / "file", "x", Sync::when_kept);
    write_file(directory / "below" / "file", "x", Sync::when_kept);
    EXPECT_TRUE(synced.empty());
    sync_directory(directory.path());
    std::sort(synced.begin(), synced.end());
    EXPECT_EQ(synced,
              (std::vector<std::string>{directory.path().string(), (directory / "below").string(),
                                        (directory / "below" / "file").string(), (directory / "file").string()}));
    EXPECT_EQ(error_of([&] { sync_directory(directory / "none"); }).where(), (directory / "none").string());
}

TEST(LineFile, EveryLineIsThereBeforeAppendReturns) {
    const TemporaryDirectory directory;
    write_file(directory / "lines", "an older run\n");
    LineFile lines(directory / "lines");
    EXPECT_EQ(content(directory / "lines"), "") << "starts anew";
    lines.append("one\n");
    EXPECT_EQ(content(directory / "lines"), "one\n");
    lines.append("two\n");
    EXPECT_EQ(content(directory / "lines"), "one\ntwo\n");
}

TEST(LineFile, SaysWhatToDoOnAFullDisk) {
    LineFile full("/dev/full");
    const Error error = error_of([&] { full.append("x\n"); });
    EXPECT_EQ(error.where(), "/dev/full");
    EXPECT_TRUE(says(error.next(), "free disk space"));
}

TEST(LineFile, WritesTheRestAfterAShortWrite) {
    const TemporaryDirectory directory;
    LineFile lines(directory / "lines");
    EXPECT_THROW(
        {
            const FileSizeLimit limit(10);
            lines.append("twenty bytes of text");
        },
        Error);
    EXPECT_EQ(content(directory / "lines"), "twenty byt");
}

TEST(LineFile, RefusesAPlaceThatDoesNotExist) {
    const TemporaryDirectory directory;
    EXPECT_EQ(error_of([&] { LineFile(directory.path() / "no" / "lines"); }).where(),
              (directory.path() / "no" / "lines").string());
}

TEST(MakeDirectory, MakesParentsAndTakesWhatIsThere) {
    const TemporaryDirectory directory;
    make_directory(directory.path() / "a" / "b" / "c");
    make_directory(directory.path() / "a" / "b" / "c");
    EXPECT_TRUE(fs::is_directory(directory.path() / "a" / "b" / "c"));
    write_file(directory / "file", "x");
    const Error error = error_of([&] { make_directory(directory.path() / "file" / "below"); });
    EXPECT_EQ(error.where(), (directory.path() / "file" / "below").string());
    EXPECT_TRUE(says(error.next(), "--out"));
}

TEST(ReplaceDirectory, PutsAFinishedOneInThePlaceOfNothingOrOfAnother) {
    const TemporaryDirectory directory;
    for (const char* text : {"first", "second"}) {
        make_directory(directory / "beside");
        write_file(directory / "beside" / "file", text);
        replace_directory(directory / "beside", directory / "place");
        EXPECT_EQ(content(directory / "place" / "file"), text);
        EXPECT_EQ(entries(directory.path()), 1u);
    }
    EXPECT_TRUE(says(error_of([&] { replace_directory(directory / "none", directory / "other"); }).where(), "other"));
}

}  // namespace
}  // namespace isobatch
