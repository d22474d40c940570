#pragma once

#include <stdexcept>
#include <string>

namespace isobatch {

/// Misuse or environment, never a verdict and never our own bug: what is wrong, where, and what to do next.
class Error : public std::runtime_error {
public:
    /// Exit codes of the command line: `usage` is configuration or unreadable input, `unfinished` a run without a
    /// manifest.
    enum class Kind { usage = 2, unfinished = 3 };

    Error(std::string what, std::string where, std::string next, Kind kind = Kind::usage);

    const std::string& problem() const { return what_; }
    const std::string& where() const { return where_; }
    const std::string& next() const { return next_; }
    int exit_code() const { return static_cast<int>(kind_); }

private:
    std::string what_, where_, next_;
    Kind kind_;
};

}  // namespace isobatch
