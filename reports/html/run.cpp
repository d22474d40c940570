#include "reports/html/run.h"

#include <fmt/format.h>

#include "reports/escaped.h"
#include "reports/html/elements.h"

namespace isobatch {

namespace {

constexpr std::size_t most_matrices = 100;
constexpr std::size_t longest_word = 60;

std::string promised(const std::optional<Contract>& contract) {
    if (!contract) return "nothing that is known";
    return fmt::format("{}{}{}{}", to_string(contract->weighting),
                       contract->keeps_tail ? ", trains on an epoch's tail" : "",
                       contract->schedule_varies ? ", schedule counts optimizer steps" : "",
                       contract->exact ? ", rounds nothing" : "");
}

}  // namespace

std::string run_part(const Result& result) {
    std::string notes, rows;
    for (const std::string& note : result.notes) notes += fmt::format("<li>{}</li>\n", shortened(note, 1000));
    const auto matrices = matrices_of(result.records);
    for (std::size_t i = 0; i < matrices.size() && i < most_matrices; ++i) {
        const Trial& trial = matrices[i][0].trial;
        rows += fmt::format(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"text\">{}</td><td class=\"text\">{}</td><td "
            "class=\"text\">{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"text\">{}</td><td "
            "class=\"text\">{}</td></tr>\n",
            shortened(trial.subject, longest_word), matrices[i].size(), shortened(trial.engine, longest_word),
            shortened(trial.device, longest_word), to_string(trial.recipe), trial.seed, trial.samples, trial.epochs,
            trial.fault.empty() ? "none" : shortened(trial.fault, longest_word), promised(matrices[i][0].contract));
    }
    std::string text = "<p>The whole run again:</p>\n" + command_line(result.command);
    if (!notes.empty()) text += "<ul>\n" + notes + "</ul>\n";
    if (!rows.empty())
        text += table("What was compared",
                      {{"case", "", true},
                       {"trials", ""},
                       {"engine", "how devices are made: in one process, or as processes that exchange", true},
                       {"device", "", true},
                       {"recipe", "formats that are computed and summed in", true},
                       {"seed", "of data, weights and order"},
                       {"samples", "size of the data set"},
                       {"epochs", ""},
                       {"planted fault", "a bug that was put in to see it found", true},
                       {"contract", "what the trainer promises", true}},
                      rows);
    return part("run", "How it was run",
                text + left_out(std::min(most_matrices, matrices.size()), matrices.size(), "cases"));
}

}  // namespace isobatch
