#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace isobatch {

/// What a name of a trainer's configuration stands for. Several names of one count are multiplied, as the devices of a
/// node and the number of nodes are.
enum class Role {
    per_device,
    accum,
    effective,
    ranks,          ///< devices, copies counted
    places,         ///< devices of the data-parallel group
    copies,         ///< devices that hold the same samples, as those of a tensor-parallel group do
    split_batches,  ///< true: what is per device is of all devices instead
    lowers,         ///< true: the trainer may train on another effective batch than it was told
    grows,          ///< the effective batch changes during training
    warmup,         ///< from here on, numbers of steps
    total,
    log,
    evaluate,
    save,
};

constexpr bool is_interval(Role role) {
    return role >= Role::warmup;
}

/// What a number of steps counts. The steps of a scheduler that is stepped once for each process are so many times the
/// updates.
enum class Counts { updates, micros, samples, scheduler };

struct Name {
    std::string_view name;
    Role role;
    std::int64_t otherwise = 0;  ///< what it is where nobody sets it; 0: it has to be set
    Counts counts = Counts::updates;
    std::string_view holder = "";  ///< where it stands, if not in the configuration itself
};

/// How one framework names an effective batch and its intervals. The first name of a role is the one that is written;
/// what is left open takes its default in the order of the names.
struct Dialect {
    std::string_view id;     ///< as the command line has it
    std::string_view title;  ///< as people have it
    std::vector<Name> names;
};

/// isobatch's own names, then those of others.
const std::vector<Dialect>& dialects();

/// Throws Error with the nearest.
const Dialect& dialect(std::string_view id);

/// The dialect's name, whether it is written with `-` or `_`; nothing where it has none.
const Name* find_name(const Dialect& dialect, std::string_view name);

/// The first name of a role, or nothing.
const Name* name_of(const Dialect& dialect, Role role);

std::string to_string(Counts counts);

/// `warmup`, `total`, `log`, `eval`, `save`: isobatch's own names of the intervals, and of every other role.
std::string to_string(Role role);

}  // namespace isobatch
