/// Copies of one place that do not tell the same: ranks 0 and 1 hold the same samples, ranks 2 and 3 others.
#include <cmath>

#include <fmt/format.h>

#include "tests/judge/corruption.h"
#include "tests/judge/edit.h"

namespace isobatch {

namespace {

using enum Check;

struct Lie {
    const char* what;
    std::set<Check> red;
    void (*tell)(Step&);
    int rank;  ///< where the first check sees it that the second copy of a place lies; -1: there
    const char* says;
};

const Lie lies[] = {
    {"other samples", {data}, [](Step& s) { s.micros[0].samples[0] = "40"; }, -1, "is a copy of rank"},
    {"a sample less", {data}, [](Step& s) { s.micros[0].samples.pop_back(); }, -1, "is a copy of rank"},
    {"a sample more", {data}, [](Step& s) { s.micros[0].samples.push_back("40"); }, -1, "is a copy of rank"},
    {"samples in another order",
     {data},
     [](Step& s) { std::swap(s.micros.front().samples.front(), s.micros.back().samples.back()); },
     -1,
     "holds other samples"},
    {"other units", {data}, [](Step& s) { s.micros[0].units += 1; }, -1, "is a copy of rank"},
    {"another epoch", {data}, [](Step& s) { s.epoch = 3; }, -1, "is a copy of rank"},
    {"another gradient",
     {grad, norm},
     [](Step& s) { edit(s, "grad/weight", [](std::size_t, double g) { return 1.01 * g; }); },
     -1,
     "from the truth"},
    {"half of the gradient",
     {grad, norm},
     [](Step& s) { edit(s, "grad/twin", [](std::size_t, double g) { return 0.5 * g; }); },
     -1,
     "from the truth"},
    {"another loss", {loss}, [](Step& s) { *s.loss *= 2; }, 1, "has loss"},
    {"another norm", {norm}, [](Step& s) { *s.grad_norm *= 1.001; }, -1, "the norm"},
    {"another threshold", {norm}, [](Step& s) { *s.clip_threshold *= 2; }, -1, "is clipped at"},
    {"another parameter",
     {param},
     [](Step& s) { edit(s, "forced/param/bias", [](std::size_t, double v) { return -v; }); },
     -1,
     "leaves another"},
    {"another state",
     {opt},
     [](Step& s) { edit(s, "forced/opt/exp_avg/bias", [](std::size_t, double v) { return -v; }); },
     -1,
     "leaves another"},
    {"another learning rate", {step}, [](Step& s) { s.lr[0] += 1; }, -1, "learning rate"},
    {"another count", {step}, [](Step& s) { ++s.counters.scheduler_steps; }, -1, "schedule steps"},
    {"a clear in the middle",
     {events},
     [](Step& s) { s.events.insert(s.events.begin() + 1, "zero"); },
     -1,
     "unfinished window"},
};

struct Spot {
    std::size_t k;
    int rank;
};

const Damages whole_ranks{
    {.name = "copies: one without its last step",
     .red = {data, step},
     .step = 6,
     .rank = 1,
     .make = [](Patient p) { p.trace.ranks[1].pop_back(); },
     .unsure = {loss},
     .says = "rank 1 is a copy of rank 0",
     .ward = Ward::copies},
    {.name = "copies: one that is of another place",
     .red = {data},
     .step = 1,
     .rank = 1,
     .make =
         [](Patient p) {
             for (std::size_t k = 0; k < 2; ++k) p.step(k, 1).micros = p.step(k, 2).micros;
         },
     .says = "rank 1 is a copy of rank 0",
     .ward = Ward::copies},
    {.name = "copies: none, says the manifest",
     .red = {data},
     .step = 1,
     .make = [](Patient p) { p.trace.manifest.copies = 1; },
     .unsure = {grad},
     .ward = Ward::copies},
    {.name = "copies: exchanged with one another",
     .make = [](Patient p) { std::swap(p.trace.ranks[0], p.trace.ranks[1]); },
     .why = "they tell the same",
     .ward = Ward::copies},
    {.name = "copies: other times",
     .make = [](Patient p) { p.step(0, 1).step_ms = 1e9; },
     .why = "times are measured, not judged",
     .ward = Ward::copies},
};

}  // namespace

Damages damages_of_copies() {
    Damages damages = whole_ranks;
    for (const Lie& lie : lies)
        for (const Spot& spot : {Spot{0, 1}, Spot{2, 3}, Spot{5, 1}})
            damages.push_back({.name = fmt::format("copies: {} {}", lie.what, place_name(spot.k, spot.rank)),
                               .red = lie.red,
                               .step = static_cast<std::int64_t>(spot.k + 1),
                               .rank = lie.rank < 0 ? spot.rank : lie.rank,
                               .make = at(spot.k, spot.rank, lie.tell),
                               .says = lie.says,
                               .ward = Ward::copies});
    return damages;
}

}  // namespace isobatch
