#include "plan/translation.h"

#include <limits>

#include <fmt/format.h>

#include "base/error.h"
#include "plan/factors.h"
#include "plan/multiples.h"
#include "plan/reading.h"

namespace isobatch {

namespace {

/// The data-parallel group's size, from its own names or as what the copies leave of all devices.
Factor places_of(const Dialect& dialect, const Reading& reading, const Beside& asked, const Factor& copies) {
    Factor places = factor_of(dialect, reading, Role::places), ranks = factor_of(dialect, reading, Role::ranks);
    if (!places.known()) places.name = ranks.name;
    merge(ranks, {asked.devices, "--devices"});
    places.automatic |= ranks.automatic && !ranks.known();
    if (!ranks.known()) return places;
    if (ranks.value % copies.value != 0)
        throw Error(fmt::format("{}={} is no whole number of groups of {} copies ({})", ranks.name, ranks.value,
                                copies.value, copies.name),
                    ranks.name, multiples_beside(ranks.value, copies.value));
    merge(places, {ranks.value / copies.value,
                   copies.value == 1 ? ranks.name : fmt::format("{} / {} copies", ranks.name, copies.value)});
    return places;
}

/// A batch that is shared by all devices, as one's own.
void share(Factor& batch, const Factor& places) {
    if (!batch.known()) return;
    if (!places.known())
        throw Error(
            fmt::format("{}={} is shared by all devices, and nothing gives {}", batch.name, batch.value, places.name),
            batch.name, fmt::format("give {}", places.name));
    if (batch.value % places.value != 0)
        throw Error(
            fmt::format("{}={} leaves a remainder over {}={}", batch.name, batch.value, places.name, places.value),
            batch.name, multiples_beside(batch.value, places.value));
    batch.value /= places.value;
}

/// What nobody set takes its default, in the dialect's order, as long as the product leaves it open.
void take_defaults(const Dialect& dialect, Factors& factors, std::vector<std::string>& assumed) {
    for (const Name& name : dialect.names) {
        if (name.role != Role::per_device && name.role != Role::accum) continue;
        Factor& factor = name.role == Role::accum ? factors.accum : factors.per_device;
        if (factor.known() || factor.automatic || name.otherwise == 0 || open_factors(factors) < 2) continue;
        factor = {name.otherwise, std::string(name.name)};
        assumed.push_back(fmt::format("{}={}, its default", name.name, name.otherwise));
    }
    // Who has no name for accum has one for the effective batch, and accumulates nothing where that is left out.
    if (name_of(dialect, Role::accum) != nullptr || factors.accum.known() || open_factors(factors) < 2) return;
    factors.accum.value = 1;
    assumed.push_back("accum=1, as no effective batch is given");
}

/// How many of what a name counts are in one update. A scheduler is stepped once for each process, unless batches are
/// split among them.
std::int64_t in_an_update(Counts counts, const Translation& translation, bool split_batches) {
    switch (counts) {
        case Counts::updates:
            return 1;
        case Counts::micros:
            return translation.split.accum;
        case Counts::samples:
            return translation.split.effective();
        case Counts::scheduler:
            return split_batches ? 1 : translation.ranks();
    }
    return 1;
}

std::int64_t times(std::int64_t a, std::int64_t b, std::string_view name) {
    if (b > 0 && a > std::numeric_limits<std::int64_t>::max() / b)
        throw Error(fmt::format("{}: {} times {} is too large", name, a, b), std::string(name),
                    "give a smaller number");
    return a * b;
}

Interval interval_of(const Name& name, std::int64_t value, const Translation& translation, bool split_batches) {
    const std::int64_t unit = in_an_update(name.counts, translation, split_batches);
    if (value % unit != 0)
        throw Error(fmt::format("{}={} counts {}, of which an update has {}: that is no whole number of updates",
                                name.name, value, to_string(name.counts), unit),
                    std::string(name.name), multiples_beside(value, unit));
    times(value / unit, translation.split.effective(), name.name);  // its samples can be counted
    return {name.role, std::string(name.name), value, name.counts, value / unit};
}

std::int64_t value_of(const Name& name, const Translation& translation) {
    switch (name.role) {
        case Role::per_device:
            return translation.split.per_device;
        case Role::accum:
            return translation.split.accum;
        case Role::effective:
            return translation.split.effective();
        case Role::ranks:
            return translation.ranks();
        case Role::copies:
            return translation.copies;
        default:
            break;
    }
    for (const Interval& interval : translation.intervals)
        if (interval.role == name.role)
            return times(interval.updates, in_an_update(name.counts, translation, false), name.name);
    return -1;
}

}  // namespace

Translation translated(const Dialect& dialect, const std::vector<Setting>& settings, const Beside& asked) {
    Reading reading = read_settings(dialect, settings);
    Translation result;
    result.not_read = std::move(reading.not_read);
    result.warnings = std::move(reading.warnings);
    Factor copies = factor_of(dialect, reading, Role::copies);
    merge(copies, {asked.copies, "--copies"});
    if (!copies.known()) copies = {1, "--copies"};
    Factors factors{factor_of(dialect, reading, Role::per_device), factor_of(dialect, reading, Role::accum),
                    places_of(dialect, reading, asked, copies), factor_of(dialect, reading, Role::effective)};
    merge(factors.effective, {asked.effective, "--effective"});
    if (reading.split_batches) share(factors.per_device, factors.devices);
    take_defaults(dialect, factors, result.assumed);
    result.split = solved(factors);
    result.copies = copies.value;
    const auto follows = [&](const Factor& factor, std::int64_t value) {
        if (!factor.known()) result.assumed.push_back(fmt::format("{}={}, from the product", factor.name, value));
    };
    follows(factors.per_device, result.split.per_device);
    follows(factors.accum, result.split.accum);
    follows(factors.devices, result.split.devices);
    for (const auto& [name, value] : reading.intervals)
        result.intervals.push_back(interval_of(*name, value, result, reading.split_batches));
    return result;
}

std::vector<std::pair<const Name*, std::int64_t>> names_in(const Dialect& dialect, const Translation& translation) {
    std::vector<std::pair<const Name*, std::int64_t>> values;
    const auto alone = [&](const Name& name) {
        for (const Name& other : dialect.names)
            if (&other != &name && other.role == name.role) return false;
        return true;
    };
    for (const Name& name : dialect.names) {
        if (name_of(dialect, name.role) != &name) continue;
        if (name.role == Role::copies && !(alone(name) && translation.copies > 1)) continue;
        if (const std::int64_t value = value_of(name, translation); value >= 0) values.emplace_back(&name, value);
    }
    return values;
}

}  // namespace isobatch
