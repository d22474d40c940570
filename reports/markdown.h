#pragma once

#include <string>
#include <string_view>

#include "diagnose/result.h"

namespace isobatch {

/// A job's page: the answer, the causes with their commands, a row a split. GitHub shows at most a megabyte of it.
std::string markdown_summary(const Result& result);

/// Text that Markdown shows as it is: every mark of punctuation is escaped, what acts on a terminal is visible.
std::string markdown_text(std::string_view text, std::size_t count = 400);

/// `::error` lines, by which GitHub puts the findings, the crashes and the open questions on the page of a job. At most
/// ten, as it shows no more.
std::string github_annotations(const Result& result);

}  // namespace isobatch
