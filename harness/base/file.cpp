#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>

#include "base/error.h"

namespace isobatch {

namespace {

[[noreturn]] void fail(std::string_view doing, const std::filesystem::path& path) {
    const int code = errno;
    std::string next = "check the path and its permissions";
    if (code == ENOENT) next = "check the path; nothing is there";
    if (code == ENOSPC) next = "free disk space, then run the command again";
    throw Error(fmt::format("cannot {}: {}", doing, std::strerror(code)), path.string(), next);
}

/// Closes on every way out: a descriptor must not leak when a write throws.
struct Descriptor {
    int value;
    ~Descriptor() {
        if (value >= 0) ::close(value);
    }
};

void write_all(int descriptor, std::string_view bytes, const std::filesystem::path& path) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) fail("write the file", path);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

void sync_to_disk(const std::filesystem::path& path) {
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (file.value < 0) fail("open what is to be kept", path);
    if (::fsync(file.value) != 0 && errno != EINVAL) fail("sync", path);  // folders: some file systems cannot
}

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& path) {
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};  // never waits on a FIFO
    if (file.value < 0) fail("open the file", path);
    struct stat status {};
    if (::fstat(file.value, &status) != 0) fail("read the file's size", path);
    if (!S_ISREG(status.st_mode)) throw Error("not a regular file", path.string(), "name a file");
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size == 0) return std::shared_ptr<const MappedFile>(new MappedFile({}));
    void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.value, 0);
    if (address == MAP_FAILED) fail("map the file", path);
    return std::shared_ptr<const MappedFile>(new MappedFile({static_cast<const std::byte*>(address), size}));
}

MappedFile::~MappedFile() {
    if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

void write_file(const std::filesystem::path& path, std::string_view bytes, Sync sync) {
    const std::filesystem::path beside = fmt::format("{}.{}.part", path.string(), ::getpid());
    {
        const Descriptor file{::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)};
        if (file.value < 0) fail("create the file", beside);
        try {
            write_all(file.value, bytes, path);
            if (sync == Sync::now && ::fsync(file.value) != 0) fail("sync the file", path);
        } catch (...) {
            ::unlink(beside.c_str());
            throw;
        }
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) {
        const int code = errno;
        ::unlink(beside.c_str());
        errno = code;
        fail("rename the finished file into place", path);
    }
    if (sync == Sync::when_kept) return;
    const Descriptor folder{
        ::open(path.parent_path().empty() ? "." : path.parent_path().c_str(), O_RDONLY | O_CLOEXEC)};
    if (folder.value >= 0)
        ::fsync(folder.value);  // the rename itself; some file systems refuse, which costs durability only
}

LineFile::LineFile(const std::filesystem::path& path)
    : path_(path), descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
    if (descriptor_ < 0) fail("create the file", path_);
}

LineFile::~LineFile() {
    ::close(descriptor_);
}

void LineFile::append(std::string_view line) {
    write_all(descriptor_, line, path_);
}

void sync_directory(const std::filesystem::path& directory) {
    std::error_code code;
    for (auto entry = std::filesystem::recursive_directory_iterator(directory, code);
         !code && entry != std::filesystem::recursive_directory_iterator(); entry.increment(code))
        if (!entry->is_symlink()) sync_to_disk(entry->path());
    if (code) throw Error("cannot list what is to be kept: " + code.message(), directory.string(), "check the path");
    sync_to_disk(directory);
}

void replace_directory(const std::filesystem::path& finished, const std::filesystem::path& place) {
    // Exchanged where one is there, since a rename does not replace a directory that holds something.
    if (::renameat2(AT_FDCWD, finished.c_str(), AT_FDCWD, place.c_str(), RENAME_EXCHANGE) == 0) {
        std::filesystem::remove_all(finished);
        return;
    }
    // Nothing is there yet, or this file system cannot exchange: then there is none for a moment. Another one may come
    // meanwhile from a process that does the same.
    for (int attempt = 0; attempt < 10; ++attempt) {
        std::error_code ignored;
        std::filesystem::remove_all(place, ignored);
        if (::rename(finished.c_str(), place.c_str()) == 0) return;
        if (errno != ENOTEMPTY && errno != EEXIST) break;
    }
    fail("rename the finished directory into place", place);
}

void make_directory(const std::filesystem::path& path) {
    std::error_code code;
    std::filesystem::create_directories(path, code);
    if (code)
        throw Error(fmt::format("cannot create the directory: {}", code.message()), path.string(),
                    "check the path and its permissions, or name another with --out");
}

}  // namespace isobatch
