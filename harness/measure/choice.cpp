#include "measure/choice.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

namespace isobatch {

namespace {

Fits fits_in(const std::optional<Estimate>& memory, std::int64_t limit) {
    const auto most = static_cast<double>(limit);
    if (limit == 0 || !memory || memory->high <= most) return Fits::yes;
    return memory->value <= most ? Fits::may : Fits::no;
}

double time_of(const Choice& choice) {
    return choice.step_ms ? choice.step_ms->value : std::numeric_limits<double>::infinity();
}

Json interval_json(const std::optional<Estimate>& estimate) {
    if (!estimate) return nullptr;
    return numbers_to_json({estimate->value, estimate->low, estimate->high});
}

}  // namespace

std::vector<Choice> ranked(const CostModel& model, const std::vector<Split>& splits, std::int64_t limit) {
    if (limit > 0 && !model.memory)
        throw Error("the run has no fit of memory", "--memory",
                    "leave --memory out, or give with --from a run of four splits or more that measured it");
    std::vector<Choice> choices;
    for (const Split& split : splits) {
        Choice choice{split, step_ms(model, split), memory_bytes(model, split)};
        choice.fits = fits_in(choice.memory_bytes, limit);
        choices.push_back(std::move(choice));
    }
    std::stable_sort(choices.begin(), choices.end(), [](const Choice& a, const Choice& b) {
        return a.fits != b.fits ? a.fits < b.fits : time_of(a) < time_of(b);
    });
    return choices;
}

std::optional<Split> recommended(const std::vector<Choice>& choices) {
    if (choices.empty() || choices[0].fits != Fits::yes || !choices[0].step_ms) return std::nullopt;
    return choices[0].split;
}

std::string to_string(const std::vector<Choice>& choices, std::int64_t limit) {
    const std::optional<Split> best = recommended(choices);
    std::string text = fmt::format("{:12} {:>24}  {:>34}\n", "split", "ms/step", "memory of a device");
    for (const Choice& choice : choices) {
        std::string time = "not known", memory = "not known";
        if (choice.step_ms)
            time = fmt::format("{:.4g} [{:.4g}, {:.4g}]", choice.step_ms->value, choice.step_ms->low,
                               choice.step_ms->high);
        if (choice.memory_bytes)
            memory = fmt::format("{} [{}, {}]", bytes_text(choice.memory_bytes->value),
                                 bytes_text(choice.memory_bytes->low), bytes_text(choice.memory_bytes->high));
        text += fmt::format("{:12} {:>24}  {:>34}{}\n", to_string(choice.split), time, memory,
                            choice.split == best       ? "  recommended"
                            : limit == 0               ? ""
                            : choice.fits == Fits::yes ? ""
                            : choice.fits == Fits::may ? "  may fit"
                                                       : "  does not fit");
    }
    return text;
}

Json to_json(const std::vector<Choice>& choices) {
    Json list = Json::array();
    for (const Choice& choice : choices)
        list.push_back({{"split", to_string(choice.split)},
                        {"step_ms", interval_json(choice.step_ms)},
                        {"memory_bytes", interval_json(choice.memory_bytes)},
                        {"fits", to_string(choice.fits)}});
    return list;
}

std::string to_string(Fits fits) {
    switch (fits) {
        case Fits::yes:
            return "yes";
        case Fits::may:
            return "may";
        case Fits::no:
            return "no";
    }
    broken_promise("fits", "unknown answer", __FILE__, __LINE__);
}

}  // namespace isobatch
