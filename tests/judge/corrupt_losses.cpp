/// Losses on both sides of the line, counts, numbers and learning rates, place by place.
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "tests/judge/corruption.h"

namespace isobatch {

namespace {

using enum Check;

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The window's loss, the mean over the places, at so many allowed distances from the truth.
std::function<void(Patient)> off_by(std::size_t k, std::size_t rank, double distances) {
    return [=](Patient p) {
        const WindowScale& window = p.yardstick.windows[k];
        double sum = 0;
        for (const std::vector<Step>& steps : p.trace.ranks) sum += *steps[k].loss;
        const auto ranks = static_cast<double>(p.trace.ranks.size());
        *p.step(k, rank).loss += ranks * (*window.loss_truth + distances * window.loss_tolerance.allowed()) - sum;
    };
}

struct Lie {
    const char* what;
    void (*tell)(Step&);
    const char* says = "";
};

const Lie of_losses[] = {
    {"a loss of twice its size", [](Step& s) { *s.loss *= 2; }},
    {"a loss of the other sign", [](Step& s) { *s.loss = -*s.loss; }},
    {"a loss of NaN", [](Step& s) { s.loss = std::nan(""); }},
    {"an infinite loss", [](Step& s) { s.loss = infinity; }},
    {"a loss of minus infinity", [](Step& s) { s.loss = -infinity; }},
    {"a loss of a thousandth more", [](Step& s) { *s.loss *= 1.001; }},
    {"a loss of its first micro alone", [](Step& s) { *s.loss = s.micros[0].loss; }},
};

const Lie of_steps[] = {
    {"an optimizer step more", [](Step& s) { ++s.counters.optimizer_steps; }},
    {"an optimizer step less", [](Step& s) { --s.counters.optimizer_steps; }},
    {"a schedule step more", [](Step& s) { ++s.counters.scheduler_steps; }},
    {"a schedule step less", [](Step& s) { --s.counters.scheduler_steps; }},
    {"an EMA update", [](Step& s) { ++s.counters.ema_updates; }},
    {"no counts", [](Step& s) { s.counters = {}; }},
    {"a learning rate one ulp higher", [](Step& s) { s.lr[0] = std::nextafter(s.lr[0], infinity); }},
    {"a learning rate one ulp lower", [](Step& s) { s.lr[0] = std::nextafter(s.lr[0], -infinity); }},
    {"twice the learning rate", [](Step& s) { s.lr[0] = 2 * s.lr[0] + 1e-9; }},
    {"a learning rate of NaN", [](Step& s) { s.lr[0] = std::nan(""); }},
    {"an infinite learning rate", [](Step& s) { s.lr[0] = infinity; }},
    {"no learning rates", [](Step& s) { s.lr.clear(); }},
    {"a learning rate for a second group", [](Step& s) { s.lr.push_back(s.lr[0]); }},
    {"the next step's number", [](Step& s) { ++*s.number; }, "is numbered"},
    {"the number 0", [](Step& s) { s.number = 0; }, "has no number"},
    {"no number", [](Step& s) { s.number.reset(); }, "has no number"},
};

struct Spot {
    std::size_t k;
    int rank;
};

Damage damage(const char* what, const Spot& spot, Check red) {
    return {.name = fmt::format("{} {}", what, place_name(spot.k, spot.rank)),
            .red = {red},
            .step = static_cast<std::int64_t>(spot.k + 1),
            .rank = std::max(spot.rank, 0)};
}

void add_lines(std::size_t k, std::size_t rank, double sign, Damages& damages) {
    for (const double distances : {1.1 * sign, 0.9 * sign}) {
        const Spot spot{k, static_cast<int>(rank)};
        Damage one = damage("", spot, loss);
        one.name = fmt::format("a loss {:+} allowed distances from the truth {}", distances, place_name(k, spot.rank));
        one.rank = 0;  // the loss is that of all ranks
        one.make = off_by(k, rank, distances);
        if (std::abs(distances) < 1) one.red.clear(), one.why = "rounding may do that";
        damages.push_back(std::move(one));
    }
}

}  // namespace

Damages damages_of_losses() {
    Damages damages;
    for (const std::size_t k : {0, 2, 3, 5})
        for (const double sign : {-1.0, 1.0}) add_lines(k, k % 2, sign, damages);
    for (const Lie& lie : of_losses)
        for (const Spot& spot : {Spot{1, 0}, Spot{5, 1}}) {
            damages.push_back(damage(lie.what, spot, loss));
            damages.back().rank = 0;
            damages.back().make = at(spot.k, spot.rank, lie.tell);
        }
    for (const int rank : {0, 1}) {
        damages.push_back({.name = "no loss " + place_name(2, rank),
                           .step = 3,
                           .make = at(2, rank, [](Step& s) { s.loss.reset(); }),
                           .unsure = {loss},
                           .says = "not recorded on every rank"});
        damages.push_back({.name = "another loss in a window that is not judged " + place_name(4, rank),
                           .make = at(4, rank, [](Step& s) { s.loss = 1000; }),
                           .why = "nothing trusted is known of that window's loss"});
    }
    for (const Lie& lie : of_steps)
        for (const Spot& spot : {Spot{0, 0}, Spot{3, 1}, Spot{4, all_ranks}}) {
            damages.push_back(damage(lie.what, spot, step));
            damages.back().make = at(spot.k, spot.rank, lie.tell);
            damages.back().says = lie.says;
        }
    return damages;
}

}  // namespace isobatch
