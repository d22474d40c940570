#include "run/case.h"

#include <map>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace isobatch {

namespace {
std::map<std::string, Case, std::less<>>& registry() {
    static std::map<std::string, Case, std::less<>> cases;
    return cases;
}
}  // namespace

CaseRegistration::CaseRegistration(Case (*make)()) {
    Case entry = make();
    registry().emplace(entry.name, std::move(entry));
}

std::vector<std::string> case_names() {
    std::vector<std::string> names;
    for (const auto& [name, entry] : registry()) names.push_back(name);
    return names;
}

const Case& find_case(std::string_view name) {
    const auto it = registry().find(name);
    if (it != registry().end()) return it->second;
    throw Error(fmt::format("unknown case \"{}\"", printable(name)), "case",
                fmt::format("did you mean {}? Known: {}", nearest(name, case_names()), joined(case_names(), ", ")));
}

}  // namespace isobatch
