#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "judge/compare.h"
#include "judge/outside_contract.h"
#include "judge/outside_scale.h"
#include "judge/stream.h"
#include "judge/yardstick.h"

namespace isobatch {

namespace {

const Step& first_step(const Trace& trace) {
    if (trace.ranks.size() != 1 || trace.ranks[0].empty() || !trace.ranks[0][0].number)
        throw Error("the run recorded no optimizer step on its single rank", trace.manifest.trial,
                    "let the script run at least one optimizer step");
    return trace.ranks[0][0];
}

Tensor tensor_of(const Step& step, const std::string& key, const std::string& trial) {
    const auto it = step.tensors.find(key);
    if (it == step.tensors.end())
        throw Error(fmt::format("no tensor \"{}\" in the first step", printable(key)), trial,
                    "record this run at level full");
    return it->second;
}

/// Sample id → index of its micro in the run that saw one sample a micro.
std::map<std::string, std::size_t> micro_of_sample(const Step& step, const std::string& trial) {
    std::map<std::string, std::size_t> micros;
    for (std::size_t m = 0; m < step.micros.size(); ++m) {
        if (step.micros[m].samples.size() != 1)
            throw Error(
                fmt::format("micro-batch {} of the run with one sample each holds {} samples", m + 1,
                            step.micros[m].samples.size()),
                trial,
                step.micros[m].samples.empty()
                    ? "let each micro-batch call the model with a tensor that has a row for each sample, so that they "
                      "can be told"
                    : "see that the script takes its batch size from {per_device}, and trains on each row alone there");
        if (!micros.emplace(step.micros[m].samples[0], m).second)
            throw Error("one sample is in two micros of the window", trial,
                        "give the script data in which no row is there twice: a sample is told by its content");
    }
    return micros;
}

/// What one micro added, parameter by parameter.
std::vector<Tensor> column_of(const Step& single, std::size_t micro, const Manifest& manifest,
                              const WindowScale& window) {
    std::vector<Tensor> parts;
    for (std::size_t t = 0; t < manifest.parameters.size(); ++t) {
        const std::string& name = manifest.parameters[t].name;
        parts.push_back(tensor_of(single, fmt::format("micro/{}/{}", micro, name), manifest.trial));
        if (parts.back().count() != window.gradients[t].count())
            throw Error("a parameter has another size in the two runs", printable(name), "compare runs of one model");
    }
    return parts;
}

/// The columns of the window's samples, in its order; also notes their units.
std::vector<std::vector<Tensor>> columns_of(const Step& single, const Manifest& manifest, WindowScale& window) {
    const auto micros = micro_of_sample(single, manifest.trial);
    std::vector<std::vector<Tensor>> columns;
    for (const std::string& sample : window.samples) {
        const auto it = micros.find(sample);
        if (it == micros.end() || micros.size() != window.samples.size())
            throw Error("the first windows of the two runs hold other samples",
                        fmt::format("sample {}", printable(sample.substr(0, 40))),
                        "fix the script's data order (its seed), and skip no row there: every split must see the same "
                        "samples first");
        window.sample_units.push_back(single.micros[it->second].units);
        columns.push_back(column_of(single, it->second, manifest, window));
    }
    return columns;
}

using Ids = std::vector<std::string>;

/// A window that nothing but its samples, counts and rates is known of.
WindowScale window_of(const Step& step) {
    WindowScale window;
    window.step = step.number.value_or(0);
    window.epoch = step.epoch;
    for (const Micro& micro : step.micros) {
        window.samples.insert(window.samples.end(), micro.samples.begin(), micro.samples.end());
        window.units += micro.units;
        window.padded_units += micro.padded_units;
    }
    window.lr = step.lr;
    window.counters = step.counters;
    window.started = step.started;
    window.clip_threshold = step.clip_threshold;
    window.watched = step.watched;
    window.micros = step.micros.size();
    return window;
}

/// The weights of the samples' summed losses, where the columns say what each of these was multiplied by.
Pull pull_of(const Weights& weights, const Step& single, const WindowScale& window, const std::string& trial,
             Recipe recipe) {
    if (!weights.unknown.empty()) return {.unknown = weights.unknown};
    // Of weights as in diagnose/recover.h; a loss is a sum of as many rounded terms as there are units.
    const double u = unit_roundoff(recipe);
    Pull pull{.tolerance = u * (16 * weights.condition + 2 * window.units)};
    if (computes_narrow(recipe) || sums_narrow(recipe))
        pull.tolerance = std::max(5e-3, std::max(0x1p-9, 4 * u) * weights.condition);
    const auto micros = micro_of_sample(single, trial);
    for (std::size_t k = 0; k < weights.samples.size(); ++k) {
        const Micro& micro = single.micros[micros.at(window.samples[weights.samples[k]])];
        if (!micro.weight || !(micro.units > 0)) {
            pull.unknown = "no loss was seen that counts tokens, as cross_entropy does";
            return pull;
        }
        pull.weights.push_back(weights.values[k] * *micro.weight);
        pull.units.push_back(micro.units);
    }
    if (pull.weights.size() < 2) pull.unknown = "fewer than two samples of the first window have a gradient";
    return pull;
}

/// The gradient that the run of single samples stepped with; empty where it was not recorded.
std::vector<Tensor> own_gradient(const Step& single, const Manifest& manifest, const WindowScale& window) {
    std::vector<Tensor> own;
    for (std::size_t t = 0; t < manifest.parameters.size(); ++t) {
        const auto found = single.tensors.find("grad/" + manifest.parameters[t].name);
        if (found == single.tensors.end() || found->second.count() != window.gradients[t].count() ||
            !std::isfinite(peak(found->second)))
            return {};
        own.push_back(found->second);
    }
    return own;
}

bool drew(const Step& step) {
    return step.watched && step.watched->drew;
}

/// Makes a window judged; `step` is the reference's own, which it is of.
Pull add_scales(const Manifest& manifest, const Step& step, const Step& single, const Manifest& single_manifest,
                WindowScale& window, Yardstick& yardstick) {
    window.shares = columns_of(single, single_manifest, window);
    const Weights weights = scale_window(window, manifest, own_gradient(single, single_manifest, window));
    if (window.unexplained > 0 && (drew(step) || drew(single))) {
        window.tensors.clear();
        yardstick.unread =
            "not comparable, because random numbers are drawn between a forward and its backward, as dropout does, and "
            "every split draws others: set dropout and the like to 0";
    }
    return pull_of(weights, single, window, single_manifest.trial, manifest.recipe);
}

/// Whether a run made more than one update of the first window: its samples' gradients are no longer at one state.
bool cut_otherwise(const Yardstick& yardstick, const Trace& columns) {
    const Stream stream = stream_of(columns);
    const std::vector<Milestone> all = milestones(yardstick, stream);
    return !all.empty() && all[0].window == 0 && all[0].updates > 1 && same_order(yardstick, stream);
}

/// The reference's own gradients; false where a later step has none.
bool add_gradients(const Step& step, const Manifest& manifest, WindowScale& window) {
    const auto first = step.tensors.lower_bound("grad/");
    if (step.number != 1 && (first == step.tensors.end() || !first->first.starts_with("grad/"))) return false;
    for (const Parameter& parameter : manifest.parameters) {
        window.gradients.push_back(tensor_of(step, "grad/" + parameter.name, manifest.trial));
        if (!std::isfinite(peak(window.gradients.back())))
            throw Error("a gradient is not finite", manifest.trial, "remove the rows whose loss is not a number");
    }
    window.sketched = step.sketched;
    return true;
}

/// The update of the columns' run that the window can be judged by: the same samples, each once, from the same
/// parameters.
const Step* columns_for(const WindowScale& window, const Trace& columns) {
    for (const Step& step : columns.ranks[0]) {
        const WindowScale other = window_of(step);
        const Ids samples = sorted(other.samples);
        const bool once = std::adjacent_find(samples.begin(), samples.end()) == samples.end();
        if (step.number && once && !step.started.empty() && step.started == window.started &&
            samples == sorted(window.samples) && step.micros.size() == samples.size())
            return &step;
    }
    return nullptr;
}

void require_one_model(const Trace& reference, const Trace& columns) {
    const Manifest &one = reference.manifest, &other = columns.manifest;
    if (one.parameters != other.parameters)
        throw Error("the two runs have other parameters", other.trial, "compare runs of one model");
    if ((one.level == Level::sketch) != (other.level == Level::sketch))
        throw Error(fmt::format("level {}, the reference has {}", to_string(other.level), to_string(one.level)),
                    other.trial, "record both at one level");
    const std::string &start = reference.ranks[0][0].started, &start_of_columns = columns.ranks[0][0].started;
    if (!start.empty() && !start_of_columns.empty() && start != start_of_columns)
        throw Error("the runs start from other parameters", other.trial,
                    "fix the script's seed, and make the model before anything is drawn that depends on the split");
}

/// Makes those windows judged that can be.
void add_windows(Yardstick& yardstick, const Trace& reference, const Trace& columns, Pull& pull) {
    const Manifest& manifest = reference.manifest;
    if (!add_gradients(reference.ranks[0][0], manifest, yardstick.windows[0])) return;
    if (!cut_otherwise(yardstick, columns))
        pull = add_scales(manifest, reference.ranks[0][0], columns.ranks[0][0], columns.manifest, yardstick.windows[0],
                          yardstick);
    for (std::size_t w = 1; w < yardstick.windows.size(); ++w) {
        WindowScale& window = yardstick.windows[w];
        if (!add_gradients(reference.ranks[0][w], manifest, window)) break;
        if (const Step* step = columns_for(window, columns))
            add_scales(manifest, reference.ranks[0][w], *step, columns.manifest, window, yardstick);
    }
}

}  // namespace

Yardstick outside_yardstick(const Trace& reference, const Trace& columns, const Said& said) {
    const Manifest& manifest = reference.manifest;
    first_step(reference), first_step(columns);  // for what is missing in them
    require_one_model(reference, columns);
    Yardstick yardstick{
        .trial = manifest.trial, .digest = content_digest(reference), .recipe = manifest.recipe, .ours = false};
    yardstick.parameters = manifest.parameters;
    yardstick.level = manifest.level;
    for (const Step& each : reference.ranks[0])
        if (each.number) yardstick.windows.push_back(window_of(each));
    yardstick.ended = stream_of(reference).ended;
    Pull pull{.unknown = "no gradient of single samples could be compared"};
    if (manifest.level != Level::losses) add_windows(yardstick, reference, columns, pull);
    hold_to_contract(yardstick, reference, columns, pull, said == Said{} ? said_of(manifest.contract) : said);
    return yardstick;
}

}  // namespace isobatch
