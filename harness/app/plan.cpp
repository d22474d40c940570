#include <memory>

#include <fmt/format.h>

#include "app/commands.h"
#include "base/error.h"
#include "base/json.h"
#include "plan/isobatch.h"

namespace isobatch {

void add_plan(CLI::App& app, int& exit_code) {
    struct Options {
        std::int64_t effective = 16, devices = 0, max_devices = 0;
        bool json = false;
    };
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("plan", "List every split of an effective batch");
    command->add_option("--effective", options->effective, "Effective batch: per_device × accum × devices")
        ->capture_default_str();
    command->add_option("--devices", options->devices, "Exactly this many devices; 0: any");
    command->add_option("--max-devices", options->max_devices, "At most this many devices; 0: no bound");
    command->add_flag("--json", options->json, "Print a JSON list");
    command->callback([options, &exit_code] {
        std::vector<Split> splits;
        for (const Split& split : splits_of({.effective = options->effective, .max_devices = options->max_devices}))
            if (options->devices == 0 || split.devices == options->devices) splits.push_back(split);
        if (splits.empty())
            throw Error(fmt::format("effective batch {} cannot be shared evenly by {} devices", options->effective,
                                    options->devices),
                        "--devices",
                        fmt::format("nearest effective batches: {} and {}",
                                    options->effective / options->devices * options->devices,
                                    (options->effective / options->devices + 1) * options->devices));
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
