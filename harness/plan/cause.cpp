#include "plan/cause.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "plan/cause_catalogue.h"

namespace isobatch {

namespace {

const CauseEntry& entry_of(Cause cause) {
    return cause_catalogue[static_cast<std::size_t>(cause)];
}

}  // namespace

std::string to_string(Cause cause) {
    return std::string(entry_of(cause).name);
}

Cause parse_cause(std::string_view text) {
    for (const CauseEntry& entry : cause_catalogue)
        if (entry.name == text) return entry.cause;
    throw Error(fmt::format("unknown cause \"{}\"", printable(text)), "finding",
                "the file was written by another version");
}

bool concerns_devices(Cause cause) {
    return entry_of(cause).concerns_devices;
}

std::string meaning(Cause cause) {
    return std::string(entry_of(cause).meaning);
}

std::string formula(Cause cause) {
    return std::string(entry_of(cause).formula);
}

std::string remedy(Cause cause) {
    return std::string(entry_of(cause).remedy);
}

std::string precedent(Cause cause) {
    return std::string(entry_of(cause).precedent);
}

}  // namespace isobatch
