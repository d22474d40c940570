#include <memory>

#include <fmt/format.h>

#include "app/commands.h"
#include "base/error.h"
#include "base/json.h"
#include "plan/isobatch.h"
#include "plan/mesh.h"

namespace isobatch {

namespace {

/// The multiples of `unit` around a number that is none.
std::string multiples_beside(std::int64_t number, std::int64_t unit) {
    const std::int64_t below = number / unit * unit;
    return below > 0 ? fmt::format("nearest: {} and {}", below, below + unit) : fmt::format("nearest: {}", unit);
}

}  // namespace

void add_plan(CLI::App& app, int& exit_code) {
    struct Options {
        std::int64_t effective = 16, devices = 0, max_devices = 0, copies = 1;
        bool json = false;
    };
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("plan", "List every split of an effective batch");
    command->add_option("--effective", options->effective, "Effective batch: per_device × accum × devices")
        ->capture_default_str();
    command->add_option("--devices", options->devices, "Exactly this many devices, copies counted; 0: any")
        ->check(CLI::Range(std::int64_t{0}, max_ranks));
    command->add_option("--max-devices", options->max_devices, "At most this many, copies counted; 0: no bound");
    command
        ->add_option("--copies", options->copies,
                     "Devices that hold the same samples, as those of a tensor-parallel group do")
        ->capture_default_str();
    command->add_flag("--json", options->json, "Print a JSON list");
    command->callback([options, &exit_code] {
        const std::int64_t most = places_in(options->max_devices, options->copies);
        // A rounded share would train another batch than was asked for, so that what does not divide is an error.
        if (options->devices % options->copies != 0)
            throw Error(
                fmt::format("{} devices are no whole number of groups of {} copies", options->devices, options->copies),
                "--devices", multiples_beside(options->devices, options->copies));
        const std::int64_t places = options->devices / options->copies;
        std::vector<Split> splits;
        for (const Split& split : splits_of({.effective = options->effective, .max_devices = most}))
            if (places == 0 || split.devices == places) splits.push_back(split);
        if (splits.empty())
            throw most > 0 && places > most
                ? Error(fmt::format("{} data-parallel devices, of at most {}", places, most), "--max-devices",
                        "raise --max-devices, or lower --devices")
                : Error(fmt::format("effective batch {} cannot be shared evenly by {} data-parallel devices",
                                    options->effective, places),
                        "--effective", multiples_beside(options->effective, places));
        Json list = Json::array();
        for (const Split& split : splits) {
            list.push_back(to_string(split));
            if (!options->json) fmt::print("{}\n", to_string(split));
        }
        if (options->json) fmt::print("{}\n", list.dump());
        exit_code = 0;
    });
}

}  // namespace isobatch
