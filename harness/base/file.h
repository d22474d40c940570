#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace isobatch {

/// The bytes of a file, mapped read-only: nothing is copied, and a file of any size costs address space only.
class MappedFile {
public:
    /// Throws Error when the file is missing, not a regular file, or unreadable.
    static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path);
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    std::span<const std::byte> bytes() const { return bytes_; }
    std::string_view text() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }

private:
    explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
    std::span<const std::byte> bytes_;
};

/// When bytes reach the disk, so that a power failure takes nothing: before the call returns, or once the directory is
/// kept (sync_directory). What ends a process takes nothing either way.
enum class Sync { now, when_kept };

/// Writes beside the target, syncs, renames: a reader sees the old file or the whole new one, also after a crash or a
/// full disk.
void write_file(const std::filesystem::path& path, std::string_view bytes, Sync sync = Sync::now);

/// Appends to a file that it keeps open; every line reaches the kernel before append returns. Throws Error on a full
/// disk.
class LineFile {
public:
    explicit LineFile(const std::filesystem::path& path);
    ~LineFile();
    LineFile(const LineFile&) = delete;
    LineFile& operator=(const LineFile&) = delete;

    void append(std::string_view line);

private:
    std::filesystem::path path_;
    int descriptor_;
};

/// Forces all files below a directory to the disk, at once: one after another as they are written, each would wait for
/// the disk alone. Throws Error.
void sync_directory(const std::filesystem::path& directory);

/// Puts a finished directory in the place of another one, or of nothing; both on one file system. Whoever looks sees
/// the old one or the new one. Throws Error.
void replace_directory(const std::filesystem::path& finished, const std::filesystem::path& place);

/// Creates a directory and its parents. Throws Error.
void make_directory(const std::filesystem::path& path);

}  // namespace isobatch
