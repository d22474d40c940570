#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "supervise/process.h"

namespace isobatch {

using Seconds = Process::Seconds;

inline Launch shell(const std::string& script) {
    return {{"/bin/sh", "-c", script}, {}, {}, false};
}

/// The program of talker.cpp.
inline Launch talker() {
    return {{ISOBATCH_TALKER}, {}, {}, true};
}

inline void nap(double seconds) {
    std::this_thread::sleep_for(Seconds(seconds));
}

/// Whether it becomes true within ten seconds: no test depends on how fast the machine is.
template <class Condition>
bool soon(Condition condition) {
    for (int tries = 0; tries < 1000; ++tries, nap(0.01))
        if (condition()) return true;
    return condition();
}

/// Whether the process no longer runs; one that nobody has reaped does not.
inline bool gone(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string stat;
    std::getline(file, stat);
    return stat.empty() || stat.at(stat.rfind(')') + 2) == 'Z';
}

/// The number that a child writes into a file, once it is there.
inline int pid_in(const std::filesystem::path& path) {
    int pid = 0;
    soon([&] { return static_cast<bool>(std::ifstream(path) >> pid); });
    EXPECT_GT(pid, 0) << "the child wrote no number into " << path;
    return pid;
}

/// The descriptors of this process.
inline std::set<int> descriptors() {
    std::set<int> open;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
        open.insert(std::stoi(entry.path().filename().string()));
    return open;
}

class Stopwatch {
public:
    double seconds() const { return Seconds(std::chrono::steady_clock::now() - start_).count(); }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace isobatch
