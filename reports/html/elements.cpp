#include "reports/html/elements.h"

#include <algorithm>

#include <fmt/format.h>

#include "reports/escaped.h"

namespace isobatch {

namespace {

constexpr std::size_t longest_command = 8000;
constexpr std::size_t longest_name = 60;

}  // namespace

std::string_view sign_of(Outcome outcome) {
    return outcome <= Outcome::equivalent     ? "✓"
           : outcome == Outcome::inconclusive ? "?"
           : outcome == Outcome::divergent    ? "✗"
                                              : "⚠";
}

std::string mark(Outcome outcome) {
    return fmt::format("<span class=\"mark {0}\">{1} {0}</span>", to_string(outcome), sign_of(outcome));
}

std::string command_line(std::string_view command) {
    return fmt::format("<p class=\"command\"><code>{}</code></p>\n", shortened(command, longest_command));
}

std::string table(std::string_view caption, const std::vector<Column>& columns, const std::string& rows,
                  std::string_view kind) {
    std::string head;
    for (const Column& column : columns)
        head += fmt::format("<th scope=\"col\"{}{}>{}</th>", column.text ? " class=\"text\"" : "",
                            column.meaning.empty() ? "" : fmt::format(" title=\"{}\"", escaped(column.meaning)),
                            escaped(column.name));
    return scrolled(caption, fmt::format("<table class=\"{}\"><caption>{}</caption><thead><tr>{}</tr></thead>"
                                         "<tbody>\n{}</tbody></table>",
                                         kind, escaped(caption), head, rows));
}

std::string scrolled(std::string_view label, const std::string& content) {
    return fmt::format("<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"{}\">{}</div>\n",
                       escaped(label), content);
}

std::string folded(std::string_view line, const std::string& content) {
    return fmt::format("<details><summary>{}</summary>\n{}</details>\n", escaped(line), content);
}

std::string part(std::string_view id, std::string_view heading, const std::string& content) {
    if (content.empty()) return {};
    return fmt::format(
        "<section id=\"{0}\" aria-labelledby=\"{0}-heading\">\n<h2 id=\"{0}-heading\">{1}</h2>\n{2}"
        "</section>\n",
        id, escaped(heading), content);
}

std::string left_out(std::size_t shown, std::size_t total, std::string_view what) {
    if (shown >= total) return {};
    return fmt::format("<p class=\"note\">{} of {} {} are shown, the worst first chosen; result.json holds all.</p>\n",
                       shown, total, escaped(what));
}

std::string name_of(const Record& record) {
    return fmt::format("{} {}", shortened(record.trial.subject, longest_name), to_string(record.trial.split));
}

std::string row_of(const Result& result, const Record& record) {
    return fmt::format("t{}", &record - result.records.data());
}

std::string link_to(const Result& result, const Record& record, const std::string& content) {
    return fmt::format("<a href=\"#{}\">{}</a>", row_of(result, record), content);
}

std::vector<const Record*> all_of(const Result& result) {
    std::vector<const Record*> records;
    for (const Record& record : result.records) records.push_back(&record);
    return records;
}

std::vector<const Record*> most_telling(const std::vector<const Record*>& records, std::size_t limit) {
    std::vector<const Record*> chosen = records;
    if (chosen.size() <= limit) return chosen;
    std::stable_sort(chosen.begin(), chosen.end(),
                     [](const Record* a, const Record* b) { return b->verdict.outcome < a->verdict.outcome; });
    chosen.resize(limit);
    std::sort(chosen.begin(), chosen.end());  // all of one list, so that their addresses are their order
    return chosen;
}

const CheckResult* find_check(const Record& record, Check check) {
    const auto& checks = record.verdict.checks;
    const auto it =
        std::find_if(checks.begin(), checks.end(), [&](const CheckResult& result) { return result.check == check; });
    return it == checks.end() ? nullptr : &*it;
}

}  // namespace isobatch
