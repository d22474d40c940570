#include "plan/translation_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace isobatch {

namespace {

/// The documentation of TrainingArguments (gradient_accumulation_steps) has it that logging, evaluation and saving come
/// every so many training examples; its code counts updates. Both are shown, since people plan by either.
bool documented_otherwise(const Dialect& from, const Interval& interval) {
    return from.id == "huggingface" &&
           (interval.role == Role::log || interval.role == Role::evaluate || interval.role == Role::save);
}

std::int64_t documented_samples(const Translation& translation, const Interval& interval) {
    return translation.split.accum * interval.value;
}

std::string list_line(std::string_view head, const std::vector<std::string>& entries) {
    return entries.empty() ? "" : fmt::format("{}: {}\n", head, joined(entries, ", "));
}

std::string intervals_text(const Dialect& from, const Translation& translation) {
    if (translation.intervals.empty()) return {};
    std::size_t width = 8;
    for (const Interval& interval : translation.intervals) width = std::max(width, interval.name.size());
    std::string text = fmt::format("\n{:{}}  {:>8}  {:15}  {:>8}  {:>10}\n", "interval", width, "value", "counts",
                                   "updates", "samples");
    std::string documented;
    for (const Interval& interval : translation.intervals) {
        const std::int64_t samples = interval.updates * translation.split.effective();
        text += fmt::format("{:{}}  {:>8}  {:15}  {:>8}  {:>10}\n", interval.name, width, interval.value,
                            to_string(interval.counts), interval.updates, samples);
        if (documented_otherwise(from, interval))
            documented += fmt::format("  {}={}: {} samples by the code, {} by that sentence\n", interval.name,
                                      interval.value, samples, documented_samples(translation, interval));
    }
    if (!documented.empty())
        text +=
            "The documentation has these every gradient_accumulation_steps x value training examples:\n" + documented;
    return text;
}

}  // namespace

std::string translation_text(const Dialect& from, const Translation& translation,
                             const std::vector<const Dialect*>& to) {
    const Split& split = translation.split;
    std::string text = fmt::format("split {}: {} per device x {} accumulated x {} devices = effective batch {}\n",
                                   to_string(split), split.per_device, split.accum, split.devices, split.effective());
    if (translation.copies > 1)
        text +=
            fmt::format("devices in all: {}, as {} hold the same samples\n", translation.ranks(), translation.copies);
    text += list_line("assumed", translation.assumed) + list_line("not read", translation.not_read);
    for (const std::string& warning : translation.warnings) text += fmt::format("warning: {}\n", warning);
    text += intervals_text(from, translation);
    for (const Dialect* dialect : to) {
        text += fmt::format("\n{} ({})\n", dialect->id, dialect->title);
        for (const auto& [name, value] : names_in(*dialect, translation))
            text += fmt::format("  {}={}{}\n", name->name, value,
                                name->holder.empty() ? "" : fmt::format("  ({})", name->holder));
    }
    return text;
}

Json translation_json(const Dialect& from, const Translation& translation, const std::vector<const Dialect*>& to) {
    Json intervals = Json::array(), names = Json::object();
    for (const Interval& interval : translation.intervals) {
        Json one{{"interval", to_string(interval.role)},
                 {"name", interval.name},
                 {"value", interval.value},
                 {"counts", to_string(interval.counts)},
                 {"updates", interval.updates},
                 {"samples", interval.updates * translation.split.effective()}};
        if (documented_otherwise(from, interval)) one["samples_documented"] = documented_samples(translation, interval);
        intervals.push_back(std::move(one));
    }
    for (const Dialect* dialect : to) {
        Json& own = names[std::string(dialect->id)] = Json::object();
        for (const auto& [name, value] : names_in(*dialect, translation)) own[std::string(name->name)] = value;
    }
    return {{"split", to_string(translation.split)},
            {"effective", translation.split.effective()},
            {"devices", translation.ranks()},
            {"copies", translation.copies},
            {"assumed", translation.assumed},
            {"not_read", translation.not_read},
            {"warnings", translation.warnings},
            {"intervals", std::move(intervals)},
            {"names", std::move(names)}};
}

}  // namespace isobatch
