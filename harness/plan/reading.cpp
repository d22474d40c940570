#include "plan/reading.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/edit_distance.h"
#include "base/error.h"
#include "base/text.h"

namespace isobatch {

namespace {

/// Whether a name is a slip of the pen for another: two letters of a long one, one of a short one, since `min_steps` is
/// no slip for `max_steps`.
bool is_slip(std::string_view name, std::string_view meant) {
    return edit_distance(name, meant) <= std::min<std::size_t>(2, name.size() / 6);
}

std::string shown(std::string_view text) {
    return printable(text.substr(0, 80));
}

/// Written, but as if it were not.
bool says_nothing(const Setting& setting) {
    return setting.value == "-1" || setting.value == "null" || setting.value == "None" || setting.value.empty();
}

bool says_yes(const Setting& setting) {
    return setting.value == "true" || setting.value == "True" || setting.value == "1";
}

std::int64_t number_in(const Setting& setting, std::int64_t lowest) {
    if (const auto value = whole_number(setting.value); value && *value >= lowest && *value <= max_effective)
        return *value;
    const std::string name = shown(setting.name);
    throw Error(fmt::format("{} is \"{}\"", name, shown(setting.value)), setting.where,
                setting.value.find('.') == std::string::npos
                    ? fmt::format("give {} a whole number from {} to {}", name, lowest, max_effective)
                    : fmt::format("give {} a whole number: of how many steps it is a share is not known here", name));
}

/// Of no concern here, unless it was typed for this command or is nearly a name that is.
void pass_over(const Dialect& dialect, const Setting& setting, Reading& reading) {
    std::vector<std::string> known;
    for (const Name& name : dialect.names) known.emplace_back(name.name);
    const std::string meant = nearest(setting.name.substr(0, 80), known);
    if (setting.typed || is_slip(setting.name.substr(0, 80), meant))
        throw Error(fmt::format("{} has no \"{}\"", dialect.title, shown(setting.name)), setting.where,
                    fmt::format("did you mean {}? What is read: {}", meant, joined(known, ", ")));
    reading.not_read.push_back(shown(setting.name));
}

void take_count(const Name& name, const Setting& setting, Reading& reading) {
    Factor next{0, std::string(name.name), setting.value == "auto"};
    if (!next.automatic && !says_nothing(setting)) next.value = number_in(setting, 1);
    for (auto& [known, factor] : reading.counts)
        if (known == &name) return merge(factor, next);
    reading.counts.emplace_back(&name, next);
}

void take_interval(const Name& name, const Setting& setting, Reading& reading) {
    if (says_nothing(setting)) return;
    if (setting.value == "auto") {
        reading.not_read.push_back(fmt::format("{}=auto", name.name));
        return;
    }
    const std::int64_t value = number_in(setting, 0);
    for (const auto& [known, other] : reading.intervals) {
        if (known->role != name.role) continue;
        if (known == &name && other == value) return;
        throw Error(fmt::format("{}={} and {}={} say the same thing", known->name, other, name.name, value),
                    setting.where, "leave one of them out");
    }
    reading.intervals.emplace_back(&name, value);
}

void take(const Dialect& dialect, const Setting& setting, Reading& reading) {
    const Name* name = find_name(dialect, setting.name);
    if (name == nullptr) return pass_over(dialect, setting, reading);
    if (is_interval(name->role)) return take_interval(*name, setting, reading);
    switch (name->role) {
        case Role::split_batches:
            reading.split_batches = says_yes(setting);
            return;
        case Role::lowers:
            if (says_yes(setting))
                reading.warnings.push_back(fmt::format(
                    "{}: the trainer may lower the batch by itself, and trains on another effective batch then",
                    name->name));
            return;
        case Role::grows:
            if (says_nothing(setting)) return;
            throw Error(fmt::format("{}: the effective batch grows during training and has no one split", name->name),
                        setting.where, fmt::format("translate the batch after the growth: leave {} out", name->name));
        default:
            return take_count(*name, setting, reading);
    }
}

/// What gives a count that a dialect has no name for.
std::string outside(Role role) {
    const bool option = role != Role::per_device && role != Role::accum;
    return (option ? "--" : "") + to_string(role);
}

bool multiplies(Role role) {
    return role == Role::ranks || role == Role::places || role == Role::copies;
}

void multiply(Factor& factor, const Factor& next) {
    if (next.value > max_effective / factor.value)
        throw Error(fmt::format("{}={} times {}={} is too many", factor.name, factor.value, next.name, next.value),
                    next.name, fmt::format("give {} at most {}", next.name, max_effective / factor.value));
    factor.value *= next.value;
    if (next.value > 1) factor.name += (factor.name.empty() ? "" : " x ") + next.name;
}

}  // namespace

Reading read_settings(const Dialect& dialect, const std::vector<Setting>& settings) {
    Reading reading;
    for (const Setting& setting : settings) take(dialect, setting, reading);
    return reading;
}

Factor factor_of(const Dialect& dialect, const Reading& reading, Role role) {
    const Name* first = name_of(dialect, role);
    Factor factor{0, first != nullptr ? std::string(first->name) : outside(role)};
    if (!multiplies(role)) {
        for (const auto& [name, given] : reading.counts)
            if (name->role == role) merge(factor, given);
        return factor;
    }
    Factor product{1, ""};
    bool any = false, open = false;
    for (const Name& name : dialect.names) {
        if (name.role != role) continue;
        const auto it = std::find_if(reading.counts.begin(), reading.counts.end(),
                                     [&](const auto& count) { return count.first == &name; });
        const Factor given = it == reading.counts.end() ? Factor{} : it->second;
        any |= given.known();
        factor.automatic |= given.automatic;
        open |= !given.known() && (given.automatic || name.otherwise == 0);
        if (given.known()) multiply(product, given);
    }
    if (!any || open) return factor;
    if (product.name.empty()) product.name = factor.name;
    return product;
}

}  // namespace isobatch
