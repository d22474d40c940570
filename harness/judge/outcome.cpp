#include "judge/outcome.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/error.h"
#include "base/text.h"

namespace isobatch {

std::string to_string(Outcome outcome) {
    switch (outcome) {
        case Outcome::identical:
            return "identical";
        case Outcome::equivalent:
            return "equivalent";
        case Outcome::inconclusive:
            return "inconclusive";
        case Outcome::divergent:
            return "divergent";
        case Outcome::out_of_memory:
            return "out_of_memory";
        case Outcome::crashed:
            return "crashed";
    }
    broken_promise("outcome", "unknown outcome", __FILE__, __LINE__);
}

Outcome parse_outcome(std::string_view text) {
    for (const Outcome outcome : {Outcome::identical, Outcome::equivalent, Outcome::inconclusive, Outcome::divergent,
                                  Outcome::out_of_memory, Outcome::crashed})
        if (to_string(outcome) == text) return outcome;
    throw Error(fmt::format("unknown outcome \"{}\"", printable(text)), "verdict",
                "the file was written by another version");
}

int exit_code(Outcome outcome) {
    switch (outcome) {
        case Outcome::identical:
        case Outcome::equivalent:
            return 0;
        case Outcome::divergent:
            return 1;
        case Outcome::out_of_memory:
        case Outcome::crashed:
            return 3;
        case Outcome::inconclusive:
            return 4;
    }
    broken_promise("outcome", "unknown outcome", __FILE__, __LINE__);
}

}  // namespace isobatch
