#include "app/references.h"

#include "base/file.h"

namespace isobatch {

bool References::use(const std::filesystem::path& directory, const std::function<bool()>& write) {
    const std::lock_guard lock(mutex_);
    Use& use = uses_[directory];
    if (use.users == 0) {
        std::error_code none;
        use.kept = std::filesystem::exists(directory, none);  // traces of the run that is resumed may follow it
        if (!write()) return false;
    }
    ++use.users;
    return true;
}

void References::keep(const std::filesystem::path& directory) {
    const std::lock_guard lock(mutex_);
    Use& use = uses_.at(directory);
    if (!use.kept) sync_directory(directory);
    use.kept = true;
}

void References::leave(const std::filesystem::path& directory) {
    const std::lock_guard lock(mutex_);
    Use& use = uses_.at(directory);
    std::error_code ignored;  // what is left over harms nothing
    if (--use.users == 0 && !use.kept) std::filesystem::remove_all(directory, ignored);
}

}  // namespace isobatch
