/// Events that are missing, doubled or out of order.
#include <algorithm>

#include <fmt/format.h>

#include "tests/judge/corruption.h"

namespace isobatch {

namespace {

using enum Check;
using Events = std::vector<std::string>;

Events::iterator first_of(Step& step, const std::string& event) {
    const auto it = std::find_if(step.events.begin(), step.events.end(),
                                 [&](const std::string& text) { return text.starts_with(event); });
    return it;
}
void remove(Step& step, const std::string& event) {
    step.events.erase(first_of(step, event));
}
void put_before(Step& step, const std::string& event, const std::string& next) {
    step.events.insert(first_of(step, next), event);
}
void move_before(Step& step, const std::string& event, const std::string& next) {
    remove(step, event);
    put_before(step, event, next);
}

struct Disorder {
    const char* what;
    void (*make)(Step&);
    const char* says;
};

/// Each breaks the life cycle in the step where it happens.
const Disorder disorders[] = {
    {"a clear before the exchange", [](Step& s) { put_before(s, "zero", "reduce"); }, "unfinished window"},
    {"a clear before the clip", [](Step& s) { put_before(s, "zero", "clip"); }, "unfinished window"},
    {"a clear before the step", [](Step& s) { put_before(s, "zero", "step"); }, "unfinished window"},
    {"a step before the exchange", [](Step& s) { put_before(s, "step", "reduce"); }, "2 optimizer steps"},
    {"a step for every micro",
     [](Step& s) {
         s.events.insert(s.events.begin() + 1, {"step", "zero"});
     },
     ""},
    {"two steps", [](Step& s) { put_before(s, "step", "step"); }, "2 optimizer steps"},
    {"no step", [](Step& s) { remove(s, "step"); }, "unfinished window"},
    {"an exchange before the last backward",
     [](Step& s) { move_before(s, "reduce", "backward " + std::to_string(s.micros.back().index)); },
     "came after its exchange"},
    {"an exchange before any backward", [](Step& s) { move_before(s, "reduce", "backward"); },
     "came after its exchange"},
    {"no backward of the first micro", [](Step& s) { remove(s, "backward 0"); }, "0 backward(s) of micro 0"},
    {"no backward", [](Step& s) { std::erase_if(s.events, [](const auto& e) { return e.starts_with("backward"); }); },
     "0 backward(s) of micro 0"},
    {"two backwards of one micro", [](Step& s) { put_before(s, "backward 0", "backward 0"); },
     "2 backward(s) of micro 0"},
    {"a backward of no micro", [](Step& s) { put_before(s, "backward 99", "backward"); }, "micros"},
    {"a backward without a number", [](Step& s) { *first_of(s, "backward") = "backward"; }, "0 backward(s) of micro 0"},
    {"no events", [](Step& s) { s.events.clear(); }, "0 backward(s) of micro 0"},
    {"a step that comes first", [](Step& s) { move_before(s, "step", "backward"); }, ""},
    {"a micro's number that is another", [](Step& s) { s.micros[0].index = 50; }, "0 backward(s) of micro 50"},
};

const Disorder legal[] = {
    {"two clears in a row", [](Step& s) { put_before(s, "zero", "zero"); }, "an empty accumulator can be cleared"},
    {"the exchange told twice", [](Step& s) { put_before(s, "reduce", "reduce"); },
     "to average what was averaged changes nothing; if it was not, the gradients tell"},
    {"no exchange told", [](Step& s) { std::erase(s.events, "reduce"); },
     "whether gradients met is in the gradients: a rank alone has others"},
    {"the schedule before the step", [](Step& s) { move_before(s, "schedule", "step"); },
     "the learning rate that the step had is recorded and held to the reference's"},
    {"the schedule told twice", [](Step& s) { put_before(s, "schedule", "schedule"); },
     "what the schedule did is counted, and the count is held to the reference's"},
    {"no schedule told", [](Step& s) { remove(s, "schedule"); }, "likewise"},
    {"no clip told", [](Step& s) { remove(s, "clip"); }, "norm and factor are held to the gradient's"},
};

struct Spot {
    std::size_t k;
    int rank;
};
constexpr Spot spots[] = {{0, 0}, {2, 1}, {5, all_ranks}};

}  // namespace

Damages damages_of_events() {
    Damages damages;
    for (const Disorder& one : disorders)
        for (const Spot& spot : spots)
            damages.push_back({.name = fmt::format("{} {}", one.what, place_name(spot.k, spot.rank)),
                               .red = {events},
                               .step = static_cast<std::int64_t>(spot.k + 1),
                               .rank = std::max(spot.rank, 0),
                               .make = at(spot.k, spot.rank, one.make),
                               .says = one.says});
    for (const Disorder& one : legal)
        for (const Spot& spot : spots)
            damages.push_back({.name = fmt::format("{} {}", one.what, place_name(spot.k, spot.rank)),
                               .make = at(spot.k, spot.rank, one.make),
                               .why = one.says});
    for (const Spot& spot : {Spot{1, 0}, Spot{2, 1}, Spot{3, all_ranks}})
        damages.push_back({.name = fmt::format("no clear after {}", place_name(spot.k, spot.rank)),
                           .red = {events},
                           .step = static_cast<std::int64_t>(spot.k + 2),  // seen at the next backward
                           .rank = std::max(spot.rank, 0),
                           .make = at(spot.k, spot.rank, [](Step& s) { std::erase(s.events, "zero"); }),
                           .says = "not cleared"});
    damages.push_back({.name = "no clear at the end of the run",
                       .make = at(5, all_ranks, [](Step& s) { std::erase(s.events, "zero"); }),
                       .why = "no backward comes after it"});
    return damages;
}

}  // namespace isobatch
