#include "base/error.h"

#include <fmt/format.h>

namespace isobatch {

namespace {
std::string sentence(const std::string& what, const std::string& where, const std::string& next) {
    std::string text = what;
    if (!where.empty()) text += fmt::format("\n  where: {}", where);
    if (!next.empty()) text += fmt::format("\n  next:  {}", next);
    return text;
}
}  // namespace

Error::Error(std::string what, std::string where, std::string next, Kind kind)
    : std::runtime_error(sentence(what, where, next)),
      what_(std::move(what)),
      where_(std::move(where)),
      next_(std::move(next)),
      kind_(kind) {}

}  // namespace isobatch
