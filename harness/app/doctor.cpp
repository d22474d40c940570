#include <fstream>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include "app/commands.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "supervise/process.h"

namespace isobatch {

namespace {

/// One thing that was looked for.
struct Found {
    std::string name, value, costs;  ///< `costs`: what its absence costs; empty when it is there
};

/// What the worker says of itself, or why it does not.
std::vector<Found> worker_facts() {
    const auto program = program_folder() / "isobatch-run";
    try {
        Process worker({{program.string()}, {}, {}, true});
        const auto greeting = worker.hear(Process::Seconds(60));
        if (!greeting)
            return {{"worker", "did not start: " + printable(worker.last_output(2)), "isobatch check cannot run"}};
        const Json hello = parse_json(*greeting, "the worker's greeting");
        std::vector<std::string> cases;
        for (const Json& entry : hello.at("cases")) cases.push_back(entry.at("name").get<std::string>());
        return {{"worker", program.string(), ""},
                {"LibTorch", hello.at("libtorch").get<std::string>(), ""},
                {"cases", joined(cases, ", "), ""},
                {"Gloo engine", "built in", ""},
                hello.at("nccl").get<bool>() ? Found{"NCCL engine", "built in, loaded when it is asked for", ""}
                                             : Found{"NCCL engine", "not built", "--engine nccl is refused"}};
    } catch (const Error& error) {
        return {{"worker", "none: " + error.problem(), "isobatch check cannot run; judge, report, plan and trace can"}};
    }
}

std::string gpus() {
    std::error_code code;
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/driver/nvidia/gpus", code))
        count += entry.exists();
    return count == 0 ? std::string() : std::to_string(count);
}

}  // namespace

void add_doctor(CLI::App& app, int& exit_code) {
    auto json = std::make_shared<bool>(false);
    CLI::App* command =
        app.add_subcommand("doctor", "Print what was found on this machine, and what each missing thing costs");
    command->add_flag("--json", *json, "Print JSON");
    command->callback([json, &exit_code] {
        std::vector<Found> facts = worker_facts();
        facts.push_back({"cores", std::to_string(std::thread::hardware_concurrency()), ""});
        const std::string found = gpus();
        facts.push_back({"GPUs", found.empty() ? "none" : found,
                         found.empty() ? "--device cuda and --engine nccl are refused" : ""});
        Json list = Json::array();
        for (const Found& fact : facts) {
            list.push_back({{"name", fact.name}, {"value", fact.value}, {"costs", fact.costs}});
            if (!*json)
                fmt::print("{:<12} {}{}\n", fact.name, fact.value,
                           fact.costs.empty() ? "" : fmt::format("  → {}", fact.costs));
        }
        if (*json) fmt::print("{}\n", list.dump(1));
        exit_code = 0;
    });
}

}  // namespace isobatch
