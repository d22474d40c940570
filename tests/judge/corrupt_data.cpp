/// Wrong samples, windows and orders.
#include "tests/judge/corruption.h"

namespace isobatch {
namespace {

using enum Check;
using Steps = std::vector<Step>;

void read_another_ranks_samples(Patient p) {
    for (std::size_t m = 0; m < p.step(0, 1).micros.size(); ++m) p.samples(0, 1, m) = p.samples(0, 0, m);
}

void train_in_another_order(Steps& steps) {
    std::swap(steps[0], steps[1]);
    std::swap(steps[0].counters, steps[1].counters);
    std::swap(steps[0].lr, steps[1].lr);
    std::swap(steps[0].number, steps[1].number);
}

void train_on_the_first_epoch_again(Steps& steps) {
    for (std::size_t k = 3; k < steps.size(); ++k) {
        const auto number = steps[k].number;
        steps[k] = steps[k - 3];
        steps[k].number = number;
    }
}

void drop_every_tail(Steps& steps) {
    steps.erase(steps.begin() + 5);
    steps.erase(steps.begin() + 2);
}

const Damages table{
    {"a sample dropped from its micro", {data}, 1, 0, [](Patient p) { p.samples(0).pop_back(); }},
    {"a sample twice in its micro", {data}, 2, 0, [](Patient p) { p.samples(1).push_back(p.samples(1)[0]); }},
    {"a sample on two ranks", {data}, 2, 0, [](Patient p) { p.samples(1, 1).push_back(p.samples(1, 0)[0]); }},
    {"a rank that reads another's samples", {data}, 1, 0, read_another_ranks_samples},
    {"a sample in place of another", {data}, 3, 0, [](Patient p) { p.samples(2)[0] = p.samples(1)[0]; }},
    {"two windows that exchange a sample",
     {data},
     4,
     0,
     [](Patient p) { std::swap(p.samples(3)[0], p.samples(4)[0]); }},
    {"a foreign sample", {data}, 6, 0, [](Patient p) { p.samples(5, 1)[0] = "1000"; }},
    {"a micro without its samples", {data}, 5, 0, [](Patient p) { p.samples(4, 1).clear(); }},
    {"a micro on no rank", {data, events}, 1, 0, [](Patient p) { p.step(0, 1).micros.pop_back(); }},
    {"a window in the next epoch", {data}, 3, 0, [](Patient p) { p.each_step(2, [](Step& s) { s.epoch = 2; }); }},
    {"a window in a third epoch", {data}, 5, 0, [](Patient p) { p.step(4, 1).epoch = 3; }},
    {"two windows in the other order, as recorded",
     {data, step},
     2,
     0,
     [](Patient p) { p.each_rank([](Steps& steps) { std::swap(steps[0], steps[1]); }); }},
    {"two windows in the other order, as trained",
     {data, step},
     2,
     0,
     [](Patient p) { p.each_rank(train_in_another_order); }},
    {"a window missing in the middle",
     {data, step},
     0,
     0,
     [](Patient p) { p.each_rank([](Steps& steps) { steps.erase(steps.begin() + 1); }); }},
    {"the last window missing",
     {data, step},
     0,
     0,
     [](Patient p) { p.each_rank([](Steps& steps) { steps.pop_back(); }); }},
    {"the last window missing on one rank", {data, step}, 6, 0, [](Patient p) { p.trace.ranks[1].pop_back(); }},
    {"every tail missing", {data, step}, 0, 0, [](Patient p) { p.each_rank(drop_every_tail); }},
    {"the last window twice",
     {data, step},
     7,
     0,
     [](Patient p) { p.each_rank([](Steps& steps) { steps.push_back(steps.back()); }); }},
    {"an empty window at the end",
     {data, step},
     7,
     0,
     [](Patient p) { p.each_rank([](Steps& steps) { steps.emplace_back(); }); }},
    {"the first epoch twice", {data}, 4, 0, [](Patient p) { p.each_rank(train_on_the_first_epoch_again); }},
};

}  // namespace

Damages damages_of_data() {
    return table;
}

}  // namespace isobatch
