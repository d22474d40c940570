#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "plan/dialect.h"
#include "plan/factors.h"
#include "plan/settings.h"

namespace isobatch {

/// What a configuration says in its own words, before anything is solved.
struct Reading {
    std::vector<std::pair<const Name*, Factor>> counts;  ///< each name once; `auto` is an open factor
    std::vector<std::pair<const Name*, std::int64_t>> intervals;
    bool split_batches = false;
    std::vector<std::string> not_read;  ///< names of no concern here
    std::vector<std::string> warnings;
};

/// Throws Error for a value that is no count, a name with two values, and a name that is none of the dialect's but was
/// typed, or is nearly one.
Reading read_settings(const Dialect& dialect, const std::vector<Setting>& settings);

/// What the names of one role say together: devices, places and copies are products of theirs, of which those without
/// a default have to be given; of any other role all names say one number. An open factor is named by what would give
/// it.
Factor factor_of(const Dialect& dialect, const Reading& reading, Role role);

}  // namespace isobatch
