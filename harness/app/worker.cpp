#include "app/worker.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "supervise/job.h"

namespace isobatch {

namespace {

/// Threads that wait are asleep: those of GCC's OpenMP would spin, and on a machine with as many others take the
/// processor from who works (a trial of two threads took up to 40 times as long).
Launch launch_of(const WorkerProgram& program) {
    Launch launch{{program.program, "--out", program.out.string()},
                  {{"OMP_NUM_THREADS", "1"}, {"MKL_NUM_THREADS", "1"}, {"OMP_WAIT_POLICY", "PASSIVE"}},
                  {},
                  true};
    if (program.keep_traces) launch.command.emplace_back("--keep-traces");
    return launch;
}

/// Throws LostAtStart, or Error when it does not greet as it should.
void greet(Process& worker, const WorkerProgram& program) {
    const auto greeting = worker.hear(Process::Seconds(program.deadlines.start));
    if (!greeting) {
        if (worker.timed_out()) throw LostAtStart(fmt::format("no greeting within {} s", program.deadlines.start));
        const Exit exit = worker.end();
        if (exit.signal != 0 || exit.unseen) throw LostAtStart("ended before it greeted, with " + to_string(exit));
        throw Error(fmt::format("the worker did not start ({})", to_string(exit)), program.program,
                    "its last lines: " + printable(worker.last_output(3)));
    }
    const Json hello = parse_json(*greeting, "the worker's greeting");
    if (!hello.is_object() || hello.value("protocol", Json()) != worker_protocol)
        throw Error("the worker speaks another protocol", program.program,
                    "use the isobatch-run that was built with this isobatch");
}

}  // namespace

std::vector<std::unique_ptr<Process>> start_workers(const WorkerProgram& program, std::size_t count) {
    std::vector<std::unique_ptr<Process>> workers;
    while (workers.size() < count) workers.push_back(std::make_unique<Process>(launch_of(program)));
    for (const auto& worker : workers) greet(*worker, program);
    return workers;
}

std::string too_late(const Beat& beat, const Deadlines& deadlines, bool whole_trial) {
    const std::string where = beat.window == 0  ? "before its first step"
                              : beat.exchanging ? fmt::format("in the exchange of step {}", beat.window)
                                                : fmt::format("in step {}", beat.window);
    if (whole_trial) return fmt::format("no answer within {} s, {}", deadlines.trial, where);
    return fmt::format("no sign of life within {} s, {}", beat.window == 0 ? deadlines.start : deadlines.step, where);
}

Answer hear_answer(Process& process, const Deadlines& deadlines) {
    using Clock = std::chrono::steady_clock;
    const auto begin = Clock::now();
    Beat beat;
    for (;;) {
        const Process::Seconds left = Process::Seconds(deadlines.trial) - (Clock::now() - begin);
        const Process::Seconds next(beat.window == 0 ? deadlines.start : deadlines.step);
        auto line = process.hear(std::max(std::min(left, next), Process::Seconds(0)));
        if (!line && process.timed_out()) return {std::nullopt, true, too_late(beat, deadlines, left < next)};
        if (!line) return {std::nullopt, false, "ended with " + to_string(process.end())};
        const auto heard = beat_from(*line);
        if (!heard) return {std::move(line), false, {}};
        beat = *heard;
    }
}

std::string take_reply(const std::string& line, const std::function<void(const Json& reply)>& take) {
    std::optional<Error> misuse;
    try {
        reading("the worker's answer", [&] {
            const Json reply = parse_json(line, "the worker's answer");
            if (!reply.contains("error")) return take(reply);
            const Json& error = reply.at("error");
            misuse = Error(error.at("what").get<std::string>(), error.at("where").get<std::string>(),
                           error.at("next").get<std::string>());
        });
    } catch (const Error& error) {
        return error.problem();
    }
    if (misuse) throw *misuse;
    return {};
}

std::string with_last_lines(const std::string& why, const Process& process) {
    const std::string said = process.last_output(5);
    return said.empty() ? why : fmt::format("{}; its last lines: {}", why, said);
}

void Worker::begin(const Trial& trial) {
    trial_ = trial;
    lost_.clear();
    try {
        if (!process_) process_ = std::move(start_workers(program_, 1)[0]);
    } catch (const LostAtStart& loss) {
        lost_ = loss.what();
        return;
    }
    heard_out_ = process_->say(to_string(trial), Process::Seconds(program_.deadlines.trial));
}

Record Worker::finish() {
    if (!process_) return crashed_record(trial_, "isobatch check " + to_string(trial_), "the worker: " + lost_);
    if (!heard_out_)
        return crash(process_->timed_out() ? "the worker does not listen"
                                           : "the worker ended with " + to_string(process_->end()));
    Answer answer = hear_answer(*process_, program_.deadlines);
    if (!answer.line) return crash("the worker: " + answer.why);
    std::optional<Record> record;
    const std::string problem = take_reply(
        *answer.line, [&](const Json& reply) { record = record_from_json(reply.at("record"), "the worker's answer"); });
    if (!problem.empty()) return crash("the worker answered nonsense: " + problem);
    if (record->trial == trial_) return *record;
    return crash("the worker answered for another trial: " + to_string(record->trial));
}

Record Worker::crash(const std::string& why) {
    process_->end();
    const std::string message = with_last_lines(why, *process_);
    process_.reset();  // what it held is gone; the next trial starts a fresh one
    return crashed_record(trial_, "isobatch check " + to_string(trial_), message);
}

}  // namespace isobatch
