#include "reports/html/windows.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"
#include "reports/escaped.h"
#include "reports/html/elements.h"

namespace isobatch {

namespace {

constexpr std::size_t most_trials = 100;
constexpr std::size_t most_steps = 24;

std::string in_words(Stray stray) {
    switch (stray) {
        case Stray::first_epoch:
            return "holds the samples that the first epoch had at this place";
        case Stray::first_again:
            return "holds the samples that the first epoch had at this place, once the run was restarted";
        case Stray::skipped_anew:
            return "holds what follows one micro-batch for each update before the restart";
        case Stray::part:
            return "holds only some of a window's samples";
        case Stray::padded:
            return "holds its window's samples and more";
        case Stray::repeated_micro:
            return "holds the samples of its first micro-batch again and again";
        case Stray::other_places:
            return "holds the right samples on its first device only";
        case Stray::other:
            return "holds samples of several windows, or in other numbers";
    }
    broken_promise("stray", "unknown stray", __FILE__, __LINE__);
}

std::string in_words(const std::vector<Stray>& strays) {
    std::vector<std::string> texts;
    for (const Stray stray : strays) texts.push_back(in_words(stray));
    return joined(texts, ", or ");
}

std::string steps(const std::vector<std::int64_t>& numbers) {
    std::vector<std::string> texts;
    for (const std::int64_t number : numbers) {
        if (texts.size() == most_steps) {
            texts.push_back(fmt::format("… ({} in all)", numbers.size()));
            break;
        }
        texts.push_back(std::to_string(number));
    }
    return joined(texts, ", ");
}

std::string item(const std::string& text) {
    return "<li>" + text + "</li>\n";
}

std::string differences_of(const Evidence& evidence) {
    std::string items;
    if (!evidence.missing.empty())
        items += item(fmt::format("never trained on the window of the reference's step {}", steps(evidence.missing)));
    for (std::size_t i = 0; i < evidence.strangers.size() && i < most_steps; ++i)
        items += item(fmt::format("step {} {}", evidence.strangers[i], in_words(evidence.strays[i])));
    if (evidence.strangers.size() > most_steps)
        items += item(fmt::format("and {} more such steps", evidence.strangers.size() - most_steps));
    for (const WindowEvidence& window : evidence.windows)
        if (!window.refused.empty())
            items +=
                item(fmt::format("step {}: no weights could be read: {}", window.step, shortened(window.refused, 300)));
    return items;
}

}  // namespace

std::string windows_part(const Result& result) {
    std::vector<const Record*> differing;
    for (const Record& record : result.records)
        if (!differences_of(record.evidence).empty()) differing.push_back(&record);
    const std::vector<const Record*> shown = most_telling(differing, most_trials);
    std::string rows;
    for (const Record* record : shown)
        rows += fmt::format("<dt>{}</dt><dd><ul>\n{}</ul></dd>\n", link_to(result, *record, name_of(*record)),
                            differences_of(record->evidence));
    if (rows.empty()) return {};
    return part("windows", "Which samples each update held",
                "<p class=\"note\">A window is the samples of one optimizer step. Windows are matched by their "
                "samples, never by "
                "their number.</p>\n<dl>\n" +
                    rows + "</dl>\n" + left_out(shown.size(), differing.size(), "trials"));
}

}  // namespace isobatch
