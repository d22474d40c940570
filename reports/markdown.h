#pragma once

#include <string>
#include <string_view>

#include "diagnose/result.h"

namespace isobatch {

/// A job's page: the answer, the causes with their commands, a row a split, what the splits cost. GitHub shows at most
/// a megabyte of it.
std::string markdown_summary(const Result& result);

/// Text that Markdown shows as it is: every mark of punctuation is escaped, what acts on a terminal is visible.
std::string markdown_text(std::string_view text, std::size_t count = 400);

/// A command that Markdown shows as it is and offers to copy.
std::string command_block(std::string_view command);

/// A line by which GitHub puts a text on the page of a job: `kind` is `error` or `warning`.
std::string annotation(std::string_view kind, std::string_view title, std::string_view text);
inline constexpr std::size_t most_annotations = 10;  ///< GitHub shows no more of a step

/// `::error` lines, by which GitHub puts the findings, the crashes and the open questions on the page of a job. At most
/// ten, as it shows no more.
std::string github_annotations(const Result& result);

}  // namespace isobatch
