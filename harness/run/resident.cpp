#include "run/resident.h"

#include <sys/resource.h>
#include <fstream>

namespace isobatch {

std::int64_t resident_peak_bytes() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    return 1024 * static_cast<std::int64_t>(used.ru_maxrss);
}

void forget_resident_peak() {
    std::ofstream("/proc/self/clear_refs") << "5";  // proc(5): resets the peak resident set size
}

}  // namespace isobatch
