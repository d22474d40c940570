#include <memory>

#include <fmt/format.h>

#include "app/commands.h"
#include "base/error.h"
#include "base/text.h"
#include "measure/gradient_noise.h"
#include "trace/read.h"

namespace isobatch {

namespace {

void show(const Trace& trace, bool json) {
    if (json) {
        for (std::size_t rank = 0; rank < trace.ranks.size(); ++rank)
            for (const Step& step : trace.ranks[rank]) fmt::print("{}\n", step_line(step, ""));
        return;
    }
    fmt::print("trial   {}\nsplit   {}\nended   {}\n", printable(trace.manifest.trial), to_string(trace.manifest.split),
               trace.manifest.ended.complete ? "complete" : printable(trace.manifest.ended.message));
    for (const auto& [key, value] : trace.manifest.provenance)
        fmt::print("{:<7} {}\n", printable(key), printable(value));
    for (std::size_t rank = 0; rank < trace.ranks.size(); ++rank) {
        for (const Step& step : trace.ranks[rank]) {
            double units = 0;
            std::size_t samples = 0;
            for (const Micro& micro : step.micros) {
                units += micro.units;
                samples += micro.samples.size();
            }
            fmt::print("rank {} step {:>4} epoch {}: {} micros, {} samples, {:g} units, {} tensors; {}\n", rank,
                       step.number.value_or(0), step.epoch, step.micros.size(), samples, units, step.tensors.size(),
                       printable(joined(step.events, " ")));
        }
    }
}

void show_noise(const Trace& reference, bool json) {
    const std::vector<Noise> windows = noise_of_windows(reference);
    const NoiseScale scale = noise_scale(windows, Seed{reference.manifest.seed}.split("noise"));
    const double units = units_a_sample(reference), batch = static_cast<double>(reference.manifest.split.effective());
    if (json) {
        fmt::print("{}\n", Json{{"windows", windows.size()},
                                {"trace", number_to_json(scale.noise.trace)},
                                {"square", number_to_json(scale.noise.square)},
                                {"units_a_sample", number_to_json(units)},
                                {"scale_in_units",
                                 {{"value", number_to_json(scale.scale.value)},
                                  {"low", number_to_json(scale.scale.low)},
                                  {"high", number_to_json(scale.scale.high)}}}}
                               .dump(1));
        return;
    }
    fmt::print("gradient noise scale: {:.3g} samples [{:.3g}, {:.3g}], {:.3g} units; of {} windows\n",
               scale.scale.value / units, scale.scale.low / units, scale.scale.high / units, scale.scale.value,
               windows.size());
    fmt::print("a batch of {} takes {:.3g} times the fewest possible updates, and {:.3g} times the fewest samples\n",
               reference.manifest.split.effective(), scale.updates(batch * units), scale.samples(batch * units));
    fmt::print(
        "the simple scale of McCandlish et al. 2018: it grows while training goes on, so measure where you train\n");
}

}  // namespace

void add_trace(CLI::App& app, int& exit_code) {
    struct Options {
        std::filesystem::path directory;
        bool json = false;
    };
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("trace", "Look at a trace, or prove that a writer's trace is whole");
    command->require_subcommand(1);
    CLI::App* shown = command->add_subcommand("show", "Print what was recorded, also of an interrupted run");
    shown->add_option("DIR", options->directory, "Trace directory")->required();
    shown->add_flag("--json", options->json, "Print the recorded lines");
    shown->callback([options, &exit_code] {
        const bool finished = std::filesystem::exists(options->directory / "manifest.json");
        show(finished ? read_trace(options->directory) : read_unfinished(options->directory), options->json);
        exit_code = finished ? 0 : 3;
    });
    CLI::App* noise = command->add_subcommand(
        "noise", "How large a batch pays: the gradient noise scale, from a reference's trace (check --keep-traces)");
    noise->add_option("DIR", options->directory, "Trace directory: traces/reference-… of a run directory")->required();
    noise->add_flag("--json", options->json, "Print a JSON object");
    noise->callback([options, &exit_code] {
        show_noise(read_trace(options->directory), options->json);
        exit_code = 0;
    });
    CLI::App* checked = command->add_subcommand("check", "Verify every size, digest and tensor");
    checked->add_option("DIR", options->directory, "Trace directory")->required();
    checked->callback([options, &exit_code] {
        const Trace trace = read_trace(options->directory);
        std::size_t tensors = 0;
        for (const auto& rank : trace.ranks)
            for (const Step& step : rank) tensors += step.tensors.size();
        fmt::print("whole: {} rank(s), {} step(s), {} tensors\n", trace.ranks.size(), trace.ranks[0].size(), tensors);
        exit_code = 0;
    });
}

}  // namespace isobatch
