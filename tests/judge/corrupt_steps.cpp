/// Wrong events, counts, learning rates and losses; and what is not wrong.
#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/judge/corruption.h"
#include "tests/judge/edit.h"

namespace isobatch {
namespace {

using enum Check;
using Steps = std::vector<Step>;

void clear_after_a_backward(Step& step) {
    step.events.insert(step.events.begin() + 1, "zero");
}
void clear_before_the_step(Step& step) {
    step.events.insert(std::find(step.events.begin(), step.events.end(), "step"), "zero");
}
void never_clear(Step& step) {
    std::erase(step.events, "zero");
}

void schedule_by_micros(Patient p) {
    p.each_rank([](Steps& steps) {
        for (Step& step : steps) step.counters.scheduler_steps *= 2;
    });
}

void sum_the_loss_over_devices(Patient p) {
    for (Steps& steps : p.trace.ranks) *steps[5].loss *= static_cast<double>(p.trace.ranks.size());
}

constexpr double infinity = std::numeric_limits<double>::infinity();

void clear_first(Patient p) {
    p.each_rank([](Steps& steps) {
        for (Step& step : steps) {
            std::erase(step.events, "zero");
            step.events.insert(step.events.begin(), "zero");
        }
    });
}

void negate_zeros(Patient p) {
    const auto negated = [](Step& step) {
        edit(step, "grad/key", [](std::size_t, double g) { return g == 0 ? -g : g; });
    };
    p.each_step(0, negated);
}

const Damages table{
    {"another update",
     {param},
     3,
     1,
     at(2, 1, [](Step& s) { s.tensors["forced/param/bias"] = s.tensors["grad/bias"]; })},
    {"another state of the optimizer",
     {opt},
     2,
     0,
     at(1, 0, [](Step& s) { s.tensors["forced/opt/exp_avg/bias"] = s.tensors["grad/bias"]; })},
    {"a clear between two backwards", {events}, 2, 0, at(1, 0, clear_after_a_backward)},
    {"a clear between two backwards of the second rank", {events}, 1, 1, at(0, 1, clear_after_a_backward)},
    {"a clear before the step", {events}, 4, 0, at(3, all_ranks, clear_before_the_step)},
    {"no clear after a step", {events}, 2, 0, at(0, all_ranks, never_clear)},
    {"no clear after a step of one rank", {events}, 6, 1, at(4, 1, never_clear)},
    {"no clear at the epoch's end", {events}, 4, 0, at(2, all_ranks, never_clear)},
    {"a learning rate one ulp up",
     {step},
     3,
     0,
     at(2, all_ranks, [](Step& s) { s.lr[0] = std::nextafter(s.lr[0], 1); })},
    {"a learning rate one ulp down on one rank",
     {step},
     6,
     1,
     at(5, 1, [](Step& s) { s.lr[0] = std::nextafter(s.lr[0], -1); })},
    {"the learning rate of the window before",
     {step},
     2,
     0,
     [](Patient p) { p.each_rank([](Steps& s) { s[1].lr = s[0].lr; }); }},
    {"a learning rate that is not a number", {step}, 1, 0, at(0, all_ranks, [](Step& s) { s.lr[0] = std::nan(""); })},
    {"a second group of parameters", {step}, 1, 0, at(0, all_ranks, [](Step& s) { s.lr.push_back(0); })},
    {"no learning rate", {step}, 5, 0, at(4, all_ranks, [](Step& s) { s.lr.clear(); })},
    {"an optimizer step too many", {step}, 4, 0, at(3, all_ranks, [](Step& s) { ++s.counters.optimizer_steps; })},
    {"an optimizer step too few on one rank", {step}, 1, 1, at(0, 1, [](Step& s) { --s.counters.optimizer_steps; })},
    {"a schedule that counts micros", {step}, 1, 0, schedule_by_micros},
    {"a schedule that skipped a step", {step}, 6, 0, at(5, all_ranks, [](Step& s) { --s.counters.scheduler_steps; })},
    {"an EMA update nobody promised", {step}, 2, 0, at(1, all_ranks, [](Step& s) { ++s.counters.ema_updates; })},
    {"an EMA update on one rank", {step}, 2, 1, at(1, 1, [](Step& s) { ++s.counters.ema_updates; })},
    {"a loss of half", {loss}, 1, 0, at(0, all_ranks, [](Step& s) { *s.loss /= 2; })},
    {"a loss summed over the devices", {loss}, 6, 0, sum_the_loss_over_devices},
    {"a loss that is not a number on one rank", {loss}, 4, 0, at(3, 1, [](Step& s) { s.loss = std::nan(""); })},
    {"an infinite loss", {loss}, 2, 0, at(1, 0, [](Step& s) { s.loss = infinity; })},
    {"a loss of zero", {loss}, 4, 0, at(3, all_ranks, [](Step& s) { s.loss = 0; })},
    {"the loss of the window before",
     {loss},
     3,
     0,
     [](Patient p) { p.each_rank([](Steps& s) { s[2].loss = s[1].loss; }); }},

    {"samples in another order within a micro",
     {},
     0,
     0,
     [](Patient p) { std::reverse(p.samples(0).begin(), p.samples(0).end()); },
     "a sum has no order but its rounding"},
    {"samples on other ranks",
     {},
     0,
     0,
     [](Patient p) { std::swap(p.step(0, 0).micros[0], p.step(0, 1).micros[0]); },
     "what matters is the window, not which device held a sample"},
    {"micros in another order",
     {},
     0,
     0,
     [](Patient p) { std::reverse(p.step(1).micros.begin(), p.step(1).micros.end()); },
     "the gradient is their sum"},
    {"clears before the backward",
     {},
     0,
     0,
     clear_first,
     "a clear is due between a step and the next backward, wherever"},
    {"events that nobody asked about",
     {},
     0,
     0,
     at(1, all_ranks,
        [](Step& s) {
            s.events.insert(s.events.begin() + 1, {"eval", "save"});
        }),
     "evaluating and saving leave the gradients alone"},
    {"other times", {}, 0, 0, at(0, all_ranks, [](Step& s) { s.step_ms = 1e6; }), "times are measured, not judged"},
    {"other padding", {}, 0, 0, at(0, 1, [](Step& s) { s.micros[0].padded_units += 7; }), "padding is no unit"},
    {"clears counted otherwise",
     {},
     0,
     0,
     at(0, all_ranks, [](Step& s) { s.counters.zero_grads = 40; }),
     "clearing twice is no fault; that one is missing shows in EVENTS"},
    {"zeros of the other sign", {}, 0, 0, negate_zeros, "no sum differs by it"},
    {"another tensor",
     {},
     0,
     0,
     at(0, 0, [](Step& s) { s.tensors["param/weight"] = doubles_tensor({1}); }),
     "a tensor that the format does not ask for"},
};

}  // namespace

Damages damages_of_steps() {
    return table;
}

}  // namespace isobatch
