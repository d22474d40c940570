#include "reports/progress.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "base/text.h"

namespace isobatch {

std::string progress_line(int done, int total, double seconds, const std::string& doing) {
    constexpr int width = 24;
    const int sure = std::clamp(done, 0, std::max(total, 0));
    const int filled = total > 0 ? static_cast<int>(std::int64_t{width} * sure / total) : 0;
    const std::string left =
        sure > 0 ? fmt::format("{:.0f} s left", seconds / sure * (total - sure)) : std::string("…");
    return fmt::format("[{:#<{}}{:-<{}}] {}/{}  {}  {}", "", filled, "", width - filled, done, total, left,
                       printable(doing));
}

void Progress::show(int done, const std::string& doing) {
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    if (!visible_ || seconds < 2) return;
    fmt::print(stderr, "\r\x1b[K{}", progress_line(done, total_, seconds, doing));
    std::fflush(stderr);
    drawn_ = true;
}

void Progress::clear() {
    if (drawn_) fmt::print(stderr, "\r\x1b[K");
    drawn_ = false;
}

}  // namespace isobatch
