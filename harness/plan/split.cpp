#include "plan/split.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace isobatch {

std::string to_string(const Split& split) {
    return fmt::format("{}x{}x{}", split.per_device, split.accum, split.devices);
}

Split parse_split(std::string_view text) {
    static constexpr const char* names[] = {"per_device", "accum", "devices"};
    const std::string place = fmt::format("split \"{}\"", printable(text.substr(0, 80)));
    const std::vector<std::string> parts = pieces(text, 'x');
    if (parts.size() != 3)
        throw Error(fmt::format("a split has three factors, this has {}", parts.size()), place,
                    "write PER_DEVICExACCUMxDEVICES, such as 8x4x2");
    std::int64_t values[3];
    std::int64_t product = 1;
    for (int i = 0; i < 3; ++i) {
        const auto value = whole_number(parts[i]);
        if (!value || *value < 1)
            throw Error(fmt::format("{} is \"{}\"", names[i], printable(parts[i].substr(0, 80))), place,
                        fmt::format("{} must be a whole number of at least 1", names[i]));
        if (*value > max_effective / product)
            throw Error(fmt::format("{} is {}: the effective batch would exceed {}", names[i], *value, max_effective),
                        place, fmt::format("{} may be at most {} here", names[i], max_effective / product));
        values[i] = *value;
        product *= *value;
    }
    return {values[0], values[1], values[2]};
}

}  // namespace isobatch
