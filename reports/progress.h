#pragma once

#include <chrono>
#include <string>

namespace isobatch {

/// A bar with the time left, on a terminal, once the work has taken more than two seconds. Draws on standard error.
class Progress {
public:
    Progress(int total, bool visible) : total_(total), visible_(visible) {}
    ~Progress() { clear(); }

    /// `done` of the total are finished, `doing` is what comes next.
    void show(int done, const std::string& doing);
    void clear();

private:
    using Clock = std::chrono::steady_clock;
    int total_;
    bool visible_, drawn_ = false;
    Clock::time_point start_ = Clock::now();
};

/// `[#######-----] 7/15  12 s left  4x2x2`
std::string progress_line(int done, int total, double seconds, const std::string& doing);

}  // namespace isobatch
