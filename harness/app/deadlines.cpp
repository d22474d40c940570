#include "app/commands.h"
#include "app/worker.h"

namespace isobatch {

void add_deadlines(CLI::App& command, Deadlines& deadlines) {
    const CLI::Validator positive_seconds(  // a range of CLI11 lets nan pass
        [](const std::string& text) {
            double seconds = 0;
            const bool good = CLI::detail::lexical_cast(text, seconds) && seconds > 0 && seconds <= 1e9;
            return good ? std::string() : "\"" + text + "\" is no number of seconds above 0 and up to 1e9";
        },
        "SECONDS");
    command.add_option("--deadline", deadlines.trial, "Seconds that one trial may take")
        ->check(positive_seconds)
        ->capture_default_str();
    command
        .add_option("--start-deadline", deadlines.start,
                    "Seconds that a worker may take to start, and a rank to its first step")
        ->check(positive_seconds)
        ->capture_default_str();
    command
        .add_option("--step-deadline", deadlines.step,
                    "Seconds that a rank may take between two signs of life: the start of a step, its exchange")
        ->check(positive_seconds)
        ->capture_default_str();
}

}  // namespace isobatch
