/// Samples, units and micros that are not what they say, window by window.
#include <algorithm>

#include <fmt/format.h>

#include "tests/judge/corruption.h"

namespace isobatch {

namespace {

using enum Check;

struct Lie {
    const char* what;
    void (*tell)(Step&);
};

/// Then the step is no window of the reference, wherever it is.
const Lie strange[] = {
    {"a sample missing", [](Step& s) { s.micros[0].samples.pop_back(); }},
    {"a sample twice", [](Step& s) { s.micros[0].samples.push_back(s.micros[0].samples[0]); }},
    {"a sample renamed", [](Step& s) { s.micros[0].samples[0] += "0"; }},
    {"a sample without a name", [](Step& s) { s.micros[0].samples[0].clear(); }},
    {"a sample more", [](Step& s) { s.micros.back().samples.push_back("43"); }},
    {"another epoch", [](Step& s) { s.epoch += 2; }},
};

/// The step is the window, but its units are not those of its samples.
const Lie miscounted[] = {
    {"a unit more", [](Step& s) { s.micros[0].units += 1; }},
    {"half a unit less", [](Step& s) { s.micros[0].units -= 0.5; }},
    {"no units",
     [](Step& s) {
         for (Micro& micro : s.micros) micro.units = 0;
     }},
    {"units that are no number", [](Step& s) { s.micros[0].units = std::nan(""); }},
    {"infinite units", [](Step& s) { s.micros[0].units = HUGE_VAL; }},
    {"units of the other sign",
     [](Step& s) {
         for (Micro& micro : s.micros) micro.units = -micro.units;
     }},
    {"units by samples",
     [](Step& s) {
         for (Micro& micro : s.micros) micro.units = 100 + double(micro.samples.size());
     }},
};

/// What nothing here is decided by.
const Lie told_for_people[] = {
    {"a weight that is another", [](Step& s) { s.micros[0].weight = 7; }},
    {"a weight that is missing", [](Step& s) { s.micros[0].weight.reset(); }},
    {"a micro's loss that is another", [](Step& s) { s.micros[0].loss *= 3; }},
    {"a micro's time that is no number", [](Step& s) { s.micros[0].forward_ms = std::nan(""); }},
};

struct Spot {
    std::size_t k;
    int rank;
};
constexpr Spot spots[] = {{0, 0}, {1, 1}, {2, 0}, {5, 1}};

/// A sample and its units go to the other rank, or to the next window.
void move_a_sample(Step& from, Step& to) {
    to.micros[0].samples.push_back(from.micros[0].samples.back());
    from.micros[0].samples.pop_back();
}

const Damages moved{
    {.name = "a sample on the other rank, its units not",
     .red = {data},
     .step = 2,
     .rank = 0,
     .make = [](Patient p) { move_a_sample(p.step(1, 0), p.step(1, 1)); },
     .says = "counts other units"},
    {.name = "a sample in the next window",
     .red = {data},
     .step = 2,
     .make = [](Patient p) { move_a_sample(p.step(1, 0), p.step(2, 0)); },
     .says = "as often as promised, but in other windows"},
    {.name = "a sample in the next epoch",
     .red = {data},
     .step = 3,
     .make = [](Patient p) { move_a_sample(p.step(2, 1), p.step(3, 1)); },
     .says = "1 sample uses missing, 1 too many"},
    {.name = "two samples of two windows exchanged",
     .red = {data},
     .step = 1,
     .make = [](Patient p) { std::swap(p.samples(0, 1)[0], p.samples(1, 0)[0]); },
     .says = "in other windows"},
    {.name = "the windows' samples exchanged, not their gradients",
     .red = {data, grad, loss, opt, param, step},
     .step = 2,
     .make =
         [](Patient p) { p.each_rank([](std::vector<Step>& steps) { std::swap(steps[0].micros, steps[1].micros); }); }},
    {.name = "two micros of two ranks exchanged",
     .make = [](Patient p) { std::swap(p.step(1, 0).micros[0], p.step(1, 1).micros[0]); },
     .why = "the window is the same, however it is cut"},
};

void add(const Lie& lie, const Spot& spot, std::set<Check> red, const char* why, const char* says, Damages& damages) {
    damages.push_back({.name = fmt::format("{} {}", lie.what, place_name(spot.k, spot.rank)),
                       .red = std::move(red),
                       .step = static_cast<std::int64_t>(spot.k + 1),
                       .make = at(spot.k, spot.rank, lie.tell),
                       .why = why,
                       .says = says});
}

}  // namespace

Damages damages_of_ledgers() {
    Damages damages = moved;
    for (const Lie& lie : strange)
        for (const Spot& spot : spots) add(lie, spot, {data}, "", "holds samples of no window", damages);
    for (const Lie& lie : miscounted)
        for (const Spot& spot : spots) {
            add(lie, spot, {data}, "", "counts other units than its samples have", damages);
            damages.back().rank = spot.rank;
        }
    for (const Lie& lie : told_for_people)
        for (const Spot& spot : {Spot{0, 0}, Spot{5, 1}})
            add(lie, spot, {}, "told for people: the gradients and the window's loss show what it was", "", damages);
    return damages;
}

}  // namespace isobatch
