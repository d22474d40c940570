#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plan/timing.h"

namespace isobatch {

/// With which micros of a window a trainer does something: many bugs are one device's, or wait for a window's first or
/// last backward. Others are some parameters' alone, as of those that another group of devices shares.
enum class Reach { everywhere, last_micros, later_micros, second_device, some_parameters };

/// The simplest first, as of timings.
inline constexpr std::array all_reaches{Reach::everywhere, Reach::last_micros, Reach::later_micros,
                                        Reach::second_device, Reach::some_parameters};

/// `everywhere`, `last-micros` …
std::string to_string(Reach reach);

/// With which micros or parameters, as the end of a sentence.
std::string meaning(Reach reach);

/// Whether it is done with this micro of a place that has so many: with some parameters of every one.
bool reaches(Reach reach, int place, int micro, std::int64_t micros);

/// When and where something happens.
struct Occasion {
    Timing when = Timing::always;
    Reach where = Reach::everywhere;

    Occasion() = default;
    Occasion(Timing timing, Reach reach = Reach::everywhere) : when(timing), where(reach) {}
    bool operator==(const Occasion&) const = default;
};

/// The simplest first: with all micros at any time, before some micros of every window, before some of some.
const std::vector<Occasion>& all_occasions();

/// The names of a timing and of a reach, between `@`, either of which may be left out. Throws Error naming --fault.
Occasion parse_occasion(std::string_view text);

/// As the end of a sentence.
std::string meaning(const Occasion& occasion);

}  // namespace isobatch
