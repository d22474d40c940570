#include "app/launched.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"
#include "supervise/rendezvous.h"

namespace isobatch {

namespace {

constexpr const char* over = R"({"over": true})";

std::string meeting_name(const std::filesystem::path& out) {
    return std::filesystem::absolute(out).lexically_normal().string();
}

std::filesystem::path key_file(const std::filesystem::path& out) {
    return std::filesystem::absolute(out) / "ranks.key";
}

bool loopback(const std::string& address) {
    return address.starts_with("127.") || address == "::1";
}

/// A rank on the leader's own machine may have come through loopback, where no other machine reaches it.
std::vector<std::string> addresses_of(const std::vector<Guest>& guests) {
    const auto far =
        std::find_if(guests.begin() + 1, guests.end(), [](const Guest& guest) { return !loopback(guest.ours); });
    const std::string leader = far == guests.end() ? "127.0.0.1" : far->ours;
    std::vector<std::string> addresses{leader};
    for (std::size_t rank = 1; rank < guests.size(); ++rank)
        addresses.push_back(loopback(guests[rank].address) ? leader : guests[rank].address);
    return addresses;
}

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

std::function<Guest(Process::Seconds)> place_for(const Launcher& launcher, const std::string& command,
                                                 const std::filesystem::path& out) {
    if (launcher.host.empty()) {
        const auto place = std::make_shared<Rendezvous>(meeting_name(out));
        return [place](Process::Seconds deadline) { return Guest{place->accept(deadline), {}, {}}; };
    }
    const auto door = std::make_shared<Door>(launcher.port, key_file(out), xxh3_digest(command));
    return [door](Process::Seconds deadline) { return door->accept(deadline); };
}

Gathered gather(const Launched& launched, const WorkerProgram& program) {
    std::unique_ptr<Process> own = std::move(start_workers(program, 1)[0]);
    const Process::Seconds deadline(program.deadlines.start);
    const auto begin = std::chrono::steady_clock::now();
    const auto left = [&] { return deadline - (std::chrono::steady_clock::now() - begin); };
    const int world = launched.launcher.world;
    std::vector<Guest> guests(static_cast<std::size_t>(world));
    try {
        for (int others = 1; others < world;) {
            Guest guest = launched.accept(left());
            const auto hello = guest.process ? guest.process->hear(left()) : std::nullopt;
            if (!hello && guest.process && !guest.process->timed_out()) continue;  // it has left again
            if (!hello)
                throw LostAtStart(fmt::format("{} of {} ranks came within {} s", others, world, deadline.count()));
            Guest& place = guests[static_cast<std::size_t>(rank_of(*hello, launched))];
            if (!place.process)
                ++others;
            else if (place.process->hear(Process::Seconds(0)) || place.process->timed_out())
                throw Error("two ranks have one number", launched.launcher.source, "start all ranks with one launcher");
            place = std::move(guest);  // where there was one, it had left
        }
    } catch (const Error&) {  // the run ends with it
        for (const Guest& guest : guests)
            if (guest.process) guest.process->say(over, Process::Seconds(1));
        throw;
    }
    Gathered all;
    if (!launched.launcher.host.empty()) all.addresses = addresses_of(guests);
    guests[0].process = std::move(own);
    for (Guest& guest : guests) all.processes.push_back(std::move(guest.process));
    return all;
}

void dismiss(const Launched& launched, std::vector<std::unique_ptr<Process>> ranks, Process::Seconds patience) {
    if (!launched.accept) return;
    if (ranks.empty()) ranks.resize(1);
    while (ranks.size() < static_cast<std::size_t>(launched.launcher.world)) {
        try {
            std::unique_ptr<Process> late = launched.accept(patience).process;
            if (!late) break;
            ranks.push_back(std::move(late));
        } catch (const Error&) {  // one that knows already that it is not of this run
            break;
        }
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
        const Launcher& at = launched.launcher;
        const auto leader =
            at.host.empty() ? meet(meeting_name(program.out), deadline)
                            : knock(at.host, at.port, key_file(program.out), xxh3_digest(launched.command), deadline);
        if (!leader) {
            const std::string where = at.host.empty() ? "there" : fmt::format("at {}:{}", at.host, at.port);
            fmt::print(stderr, "isobatch: rank {}: rank 0 is not {}\n", at.rank, where);
            return 3;
        }
        leader->say(Json{{"rank", launched.launcher.rank}, {"command", launched.command}}.dump(), deadline);
        over = relay(*leader, *worker, deadline);
    }
    return 0;
}

}  // namespace isobatch
