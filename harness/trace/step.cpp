#include "trace/step.h"

namespace isobatch {

namespace {

constexpr std::int64_t largest_count = 1'000'000'000;

Json optional_number(const std::optional<double>& value) {
    return value ? number_to_json(*value) : Json(nullptr);
}

/// A number that may be absent or null.
std::optional<double> optional_from(const Json& object, const char* key, const std::string& where) {
    const auto it = object.find(key);
    if (it == object.end() || it->is_null()) return std::nullopt;
    return number_from_json(*it, where + ", " + key);
}

double number_or_zero(const Json& object, const char* key, const std::string& where) {
    return optional_from(object, key, where).value_or(0);
}

Json micro_json(const Micro& micro) {
    return {{"index", micro.index},
            {"samples", micro.samples},
            {"units", number_to_json(micro.units)},
            {"padded_units", number_to_json(micro.padded_units)},
            {"loss", number_to_json(micro.loss)},
            {"weight", optional_number(micro.weight)},
            {"forward_ms", micro.forward_ms},
            {"backward_ms", micro.backward_ms}};
}

Micro micro_from(const Json& object, const std::string& where) {
    Micro micro;
    micro.index = static_cast<int>(integer_from_json(object.at("index"), 0, largest_count, where + ", index"));
    micro.samples = object.at("samples").get<std::vector<std::string>>();
    micro.units = number_from_json(object.at("units"), where + ", units");
    micro.padded_units = number_or_zero(object, "padded_units", where);
    micro.loss = number_from_json(object.at("loss"), where + ", loss");
    micro.weight = optional_from(object, "weight", where);
    micro.forward_ms = number_or_zero(object, "forward_ms", where);
    micro.backward_ms = number_or_zero(object, "backward_ms", where);
    return micro;
}

const char* const known_fields[] = {"step",        "epoch",          "events",       "micros",      "loss",
                                    "grad_norm",   "clip_threshold", "clip_factor",  "lr",          "counters",
                                    "step_ms",     "collectives",    "sample_units", "exact_loss",  "loss_magnitude",
                                    "loss_errors", "coupling",       "exact_bits",   "left_over",   "gradient",
                                    "started",     "sketched",       "watched",      "tensors",     "free_losses",
                                    "made",        "processor_ms",   "exchange_ms",  "optimizer_ms"};

/// Absent where they were not measured.
constexpr std::pair<const char*, double Step::*> times[] = {
    {"exchange_ms", &Step::exchange_ms}, {"optimizer_ms", &Step::optimizer_ms}, {"processor_ms", &Step::processor_ms}};

Collectives collectives_from(const Json& object, const std::string& where) {
    Collectives collectives;
    for (const auto& [name, moved] : object.get_ref<const Json::object_t&>())
        collectives[name] = {integer_from_json(moved.at("calls"), 0, largest_count, where + ", collectives"),
                             integer_from_json(moved.at("bytes"), 0, std::int64_t{1} << 53, where + ", collectives")};
    return collectives;
}

Trusted trusted_from(const Json& object, const std::string& where) {
    return {numbers_from_json(object.at("sample_units"), where),  number_from_json(object.at("exact_loss"), where),
            number_from_json(object.at("loss_magnitude"), where), numbers_from_json(object.at("loss_errors"), where),
            number_from_json(object.at("coupling"), where),       optional_from(object, "exact_bits", where)};
}

}  // namespace

bool ends_in_restart(const Step& step) {
    return !step.events.empty() && step.events.back() == "restart";
}

std::string step_line(const Step& step, const std::string& file) {
    Json object = step.unknown;
    object["step"] = step.number ? Json(*step.number) : Json(nullptr);
    object["epoch"] = step.epoch;
    object["events"] = step.events;
    object["micros"] = Json::array();
    for (const Micro& micro : step.micros) object["micros"].push_back(micro_json(micro));
    object["loss"] = optional_number(step.loss);
    object["grad_norm"] = optional_number(step.grad_norm);
    object["clip_threshold"] = optional_number(step.clip_threshold);
    object["clip_factor"] = optional_number(step.clip_factor);
    object["lr"] = numbers_to_json(step.lr);
    object["counters"] = {{"optimizer_steps", step.counters.optimizer_steps},
                          {"scheduler_steps", step.counters.scheduler_steps},
                          {"zero_grads", step.counters.zero_grads},
                          {"ema_updates", step.counters.ema_updates}};
    if (step.counters.counted_steps > 0) object["counters"]["counted_steps"] = step.counters.counted_steps;
    object["step_ms"] = step.step_ms;
    for (const auto& [name, time] : times)
        if (step.*time > 0) object[name] = number_to_json(step.*time);
    for (const auto& [name, bytes] : memory_fields)
        if (step.memory.*bytes > 0) object[name] = step.memory.*bytes;
    if (step.collectives) {
        object["collectives"] = Json::object();
        for (const auto& [name, moved] : *step.collectives)
            object["collectives"][name] = {{"calls", moved.calls}, {"bytes", moved.bytes}};
    }
    if (step.left_over) object["left_over"] = number_to_json(*step.left_over);
    if (!step.gradient.empty()) object["gradient"] = step.gradient;
    if (!step.started.empty()) object["started"] = step.started;
    for (const auto& [name, whole] : step.sketched)
        object["sketched"][name] = {{"norm", number_to_json(whole.norm)}, {"digest", whole.digest}};
    if (step.watched) object["watched"] = to_json(*step.watched);
    if (!step.free_losses.empty()) object["free_losses"] = numbers_to_json(step.free_losses);
    for (const auto& [kind, made] : step.made)
        object["made"][kind] = {{"found", made.found}, {"owed", made.owed}, {"first", made.first}};
    if (step.trusted) {
        object["sample_units"] = numbers_to_json(step.trusted->sample_units);
        object["exact_loss"] = number_to_json(step.trusted->exact_loss);
        object["loss_magnitude"] = number_to_json(step.trusted->loss_magnitude);
        object["loss_errors"] = numbers_to_json(step.trusted->loss_errors);
        object["coupling"] = number_to_json(step.trusted->coupling);
        if (step.trusted->exact_bits) object["exact_bits"] = number_to_json(*step.trusted->exact_bits);
    }
    if (!file.empty()) object["tensors"] = file;
    return reading("a step of the trace", [&] { return object.dump(); });  // throws for an id that is no UTF-8
}

Step parse_step(std::string_view line, const std::string& where, std::string& file) {
    const Json object = parse_json(line, where);
    return reading(where, [&] {
        Step step;
        const auto count = [&](const Json& value, const char* field, std::int64_t lowest) {
            return integer_from_json(value, lowest, largest_count, where + ", " + field);
        };
        if (!object.at("step").is_null()) step.number = count(object.at("step"), "step", 1);
        step.epoch = static_cast<int>(count(object.at("epoch"), "epoch", 1));
        step.events = object.at("events").get<std::vector<std::string>>();
        for (const Json& micro : list_from_json(object.at("micros"), where + ", micros"))
            step.micros.push_back(micro_from(micro, where + ", micros"));
        step.loss = optional_from(object, "loss", where);
        step.grad_norm = optional_from(object, "grad_norm", where);
        step.clip_threshold = optional_from(object, "clip_threshold", where);
        step.clip_factor = optional_from(object, "clip_factor", where);
        step.lr = numbers_from_json(object.at("lr"), where + ", lr");
        const Json& counters = object.at("counters");
        step.counters = {count(counters.at("optimizer_steps"), "optimizer_steps", 0),
                         count(counters.at("scheduler_steps"), "scheduler_steps", 0),
                         count(counters.at("zero_grads"), "zero_grads", 0),
                         count(counters.value("ema_updates", Json(0)), "ema_updates", 0),
                         count(counters.value("counted_steps", Json(0)), "counted_steps", 0)};
        step.step_ms = number_or_zero(object, "step_ms", where);
        for (const auto& [name, time] : times) step.*time = number_or_zero(object, name, where);
        for (const auto& [name, bytes] : memory_fields)
            step.memory.*bytes =
                integer_from_json(object.value(name, Json(0)), 0, std::int64_t{1} << 53, where + ", " + name);
        if (object.contains("collectives")) step.collectives = collectives_from(object.at("collectives"), where);
        step.left_over = optional_from(object, "left_over", where);
        step.gradient = object.value("gradient", std::string());
        step.started = object.value("started", std::string());
        const Json sketched = object.value("sketched", Json::object());
        for (const auto& [name, whole] : sketched.items())
            step.sketched[name] = {number_from_json(whole.at("norm"), where + ", sketched"),
                                   whole.at("digest").get<std::string>()};
        if (object.contains("watched")) step.watched = watched_from(object.at("watched"), where + ", watched");
        if (object.contains("free_losses")) step.free_losses = numbers_from_json(object.at("free_losses"), where);
        const Json all_made = object.value("made", Json::object());
        for (const auto& [kind, made] : all_made.items())
            step.made[kind] = {made.at("found").get<std::string>(), made.at("owed").get<std::string>(),
                               made.at("first").get<std::string>()};
        if (object.contains("exact_loss")) step.trusted = trusted_from(object, where);
        file = object.value("tensors", std::string());
        step.unknown = object;
        for (const char* field : known_fields) step.unknown.erase(field);
        for (const auto& [name, bytes] : memory_fields) step.unknown.erase(name);
        return step;
    });
}

}  // namespace isobatch
