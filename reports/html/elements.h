#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "diagnose/result.h"

namespace isobatch {

/// Parts that the sections of the page share. Text goes in as it came from outside and is escaped here.

/// A shape beside every outcome, so that colour is not the only meaning.
std::string_view sign_of(Outcome outcome);

/// The outcome's sign and name in its colour.
std::string mark(Outcome outcome);

/// A command that the page's script gives a button to copy it.
std::string command_line(std::string_view command);

/// A column's head; what it means is shown on hover and read to a screen reader. Text columns are set to the left.
struct Column {
    std::string_view name, meaning;
    bool text = false;
};

/// A table that scrolls by itself where the screen is narrow. `kind` is its class; `rows` are finished.
std::string table(std::string_view caption, const std::vector<Column>& columns, const std::string& rows,
                  std::string_view kind = "");

/// Anything wide, likewise: a region that the keyboard can scroll.
std::string scrolled(std::string_view label, const std::string& content);

/// What only some readers want, behind its own line.
std::string folded(std::string_view line, const std::string& content);

/// A part of the page with its heading; empty content, no part.
std::string part(std::string_view id, std::string_view heading, const std::string& content);

/// `shown` of `total`, as a sentence; empty where nothing is left out.
std::string left_out(std::size_t shown, std::size_t total, std::string_view what);

/// `gpt 4x4x1`, finished; with `link`, to its row.
std::string name_of(const Record& record);
std::string link_to(const Result& result, const Record& record, const std::string& content);

/// Where a record's row is: `t7`.
std::string row_of(const Result& result, const Record& record);

/// The records that tell most, at most `limit`: the worst outcomes first chosen, then in their own order.
std::vector<const Record*> most_telling(const std::vector<const Record*>& records, std::size_t limit);
std::vector<const Record*> all_of(const Result& result);

/// The check of a record, or nothing where it has none.
const CheckResult* find_check(const Record& record, Check check);

}  // namespace isobatch
