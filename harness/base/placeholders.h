#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace isobatch {

/// Name → what stands in its place.
using Placeholders = std::vector<std::pair<std::string, std::string>>;

/// The text with each `{name}` replaced: a word of small letters and `_` in braces. All other braces stay as they are,
/// such as those of JSON and YAML, `${name}` of a shell or OmegaConf, and `{{name}}` of a template language; `\{name}`
/// gives `{name}`. Throws Error naming the line in `where` for a name that is not known.
std::string filled(std::string_view text, const Placeholders& placeholders, const std::string& where);

/// Whether `{name}` is in it, as filled reads it.
bool has_placeholder(std::string_view text, std::string_view name);

}  // namespace isobatch
