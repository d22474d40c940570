#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <mutex>

namespace isobatch {

/// The references on disk that the groups of a run follow: each is written by the first group that needs it, and
/// removed with its last user, unless a trace that is kept follows it. For several threads.
class References {
public:
    /// Has it written where nobody uses it yet; those who come meanwhile wait. Whether it is there, for its user to
    /// leave.
    bool use(const std::filesystem::path& directory, const std::function<bool()>& write);
    void keep(const std::filesystem::path& directory);
    void leave(const std::filesystem::path& directory);

private:
    struct Use {
        int users = 0;
        bool kept = false;
    };
    std::mutex mutex_;
    std::map<std::filesystem::path, Use> uses_;
};

}  // namespace isobatch
