/// For hostile_test.py: reads payloads, a line of hexadecimal digits each, and writes every report of a result that
/// holds the payload wherever text comes from outside: `NAME LENGTH`, a line end, and as many bytes.
#include <cstdio>
#include <iostream>
#include <string>

#include <fmt/format.h>

#include "reports/changes.h"
#include "reports/costs.h"
#include "reports/html/page.h"
#include "reports/junit.h"
#include "reports/markdown.h"
#include "reports/terminal.h"
#include "tests/reports/hostile.h"

namespace isobatch {
namespace {

constexpr std::size_t much = 100'000;  ///< more than this goes into a few fields only

void write(std::string_view name, const std::string& text) {
    fmt::print("{} {}\n", name, text.size());
    std::fwrite(text.data(), 1, text.size(), stdout);
}

void write_all(const std::string& payload) {
    const Result result = payload.size() > much ? long_result(payload) : hostile_result(payload);
    write("html", html_page(result));
    write("junit", junit_xml(result));
    write("terminal", terminal_text(result, false));
    write("markdown", markdown_summary(result));
    write("annotations", github_annotations(result));
    write("csv", costs_csv(result));
    write("changes", changes_text(changes_between(small_result(), result), false));
}

}  // namespace
}  // namespace isobatch

int main() {
    for (std::string line; std::getline(std::cin, line);) {
        std::string payload;
        for (std::size_t i = 0; i + 1 < line.size(); i += 2)
            payload += static_cast<char>(std::stoi(line.substr(i, 2), nullptr, 16));
        isobatch::write_all(payload);
    }
}
