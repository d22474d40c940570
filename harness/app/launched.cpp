#include "app/launched.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace isobatch {

namespace {

constexpr const char* over = R"({"over": true})";

/// What a rank says first. Throws Error when it is not of this run.
int rank_of(const std::string& hello, const Launched& launched) {
    const std::string where = "a rank that " + launched.launcher.source + " started";
    return reading(where, [&] {
        const Json value = parse_json(hello, where);
        if (value.at("command") != launched.command)
            throw Error(fmt::format("rank {} was given another command: {}", value.at("rank").dump(),
                                    printable(value.at("command").get<std::string>())),
                        where, "start all ranks with the same command");
        return static_cast<int>(integer_from_json(value.at("rank"), 1, launched.launcher.world - 1, where));
    });
}

/// Passes on what either side says until one of them ends; whether the leader said that the run is over.
bool relay(Process& leader, Process& worker, Process::Seconds deadline) {
    for (;;) {
        while (const auto line = leader.hear(Process::Seconds(0))) {
            if (*line == over) return true;
            worker.say(*line, deadline);
        }
        if (!leader.timed_out()) return false;  // it discards this group, or is gone
        while (const auto line = worker.hear(Process::Seconds(0))) leader.say(*line, deadline);
        if (!worker.timed_out()) {
            const std::string why = "ended with " + to_string(worker.end());
            leader.say(Json{{"died", printable(with_last_lines(why, worker))}}.dump(), deadline);
            return false;
        }
        Process* both[] = {&leader, &worker};
        Process::await(both, Process::Seconds(3600));
    }
}

}  // namespace

std::string meeting_name(const std::filesystem::path& out) {
    return std::filesystem::absolute(out).lexically_normal().string();
}

std::vector<std::unique_ptr<Process>> gather(const Launched& launched, const WorkerProgram& program) {
    const Process::Seconds deadline(program.deadlines.start);
    std::vector<std::unique_ptr<Process>> ranks = start_workers(program, 1);
    ranks.resize(static_cast<std::size_t>(launched.launcher.world));
    for (int others = 1; others < launched.launcher.world; ++others) {
        std::unique_ptr<Process> process = launched.rendezvous->accept(deadline);
        const auto hello = process ? process->hear(deadline) : std::nullopt;
        if (!hello)
            throw LostAtStart(
                fmt::format("{} of {} ranks came within {} s", others, launched.launcher.world, deadline.count()));
        auto& place = ranks[static_cast<std::size_t>(rank_of(*hello, launched))];
        const bool left = place && !place->hear(Process::Seconds(0)) && !place->timed_out();
        if (left) --others;  // it came again, and this time it counts
        if (place && !left)
            throw Error("two ranks have one number", launched.launcher.source, "start all ranks with one launcher");
        place = std::move(process);
    }
    return ranks;
}

void dismiss(const Launched& launched, std::vector<std::unique_ptr<Process>> ranks, Process::Seconds patience) {
    if (!launched.rendezvous) return;
    if (ranks.empty()) ranks.resize(1);
    while (ranks.size() < static_cast<std::size_t>(launched.launcher.world)) {
        auto late = launched.rendezvous->accept(patience);
        if (!late) break;
        ranks.push_back(std::move(late));
    }
    for (std::size_t rank = 1; rank < ranks.size(); ++rank) ranks[rank]->say(over, Process::Seconds(1));
}

int follow(const Launched& launched, const WorkerProgram& program) {
    const Process::Seconds deadline(program.deadlines.start);
    for (bool over = false; !over;) {
        std::unique_ptr<Process> worker;
        try {
            worker = std::move(start_workers(program, 1)[0]);
        } catch (const LostAtStart& loss) {
            fmt::print(stderr, "isobatch: the worker of rank {}: {}\n", launched.launcher.rank, loss.what());
            return 3;
        }
        const auto leader = meet(meeting_name(program.out), deadline);
        if (!leader) {
            fmt::print(stderr, "isobatch: rank {}: rank 0 is not there\n", launched.launcher.rank);
            return 3;
        }
        leader->say(Json{{"rank", launched.launcher.rank}, {"command", launched.command}}.dump(), deadline);
        over = relay(*leader, *worker, deadline);
    }
    return 0;
}

}  // namespace isobatch
