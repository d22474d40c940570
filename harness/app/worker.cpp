#include "app/worker.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace isobatch {

namespace {

constexpr int protocol = 1;
constexpr Process::Seconds start_deadline{60};

}  // namespace

Error misuse_from(const Json& error) {
    return reading("the worker's answer", [&] {
        return Error(error.at("what").get<std::string>(), error.at("where").get<std::string>(),
                     error.at("next").get<std::string>());
    });
}

std::unique_ptr<Process> start_worker(const std::string& program, const std::filesystem::path& out, bool keep_traces) {
    Launch launch{{program, "--out", out.string()}, {{"OMP_NUM_THREADS", "1"}, {"MKL_NUM_THREADS", "1"}}, {}, true};
    if (keep_traces) launch.command.emplace_back("--keep-traces");
    auto process = std::make_unique<Process>(launch);
    const auto greeting = process->hear(start_deadline);
    if (!greeting) {
        const Exit exit = process->end();
        throw Error(fmt::format("the worker did not start ({})", to_string(exit)), program,
                    "its last lines: " + printable(process->last_output(3)));
    }
    const Json hello = parse_json(*greeting, "the worker's greeting");
    if (!hello.is_object() || hello.value("protocol", Json()) != protocol)
        throw Error("the worker speaks another protocol", program,
                    "use the isobatch-run that was built with this isobatch");
    return process;
}

void Worker::begin(const Trial& trial) {
    if (!process_) process_ = start_worker(program_, out_, keep_traces_);
    trial_ = trial;
    heard_out_ = process_->say(to_string(trial), deadline_);
}

Record Worker::finish() {
    std::optional<std::string> answer;
    if (heard_out_) answer = process_->hear(deadline_);
    if (!answer) {
        const bool late = process_->timed_out();
        const Exit exit = process_->end();
        return crash(late ? fmt::format("no answer within {} s", deadline_.count())
                          : "the worker ended with " + to_string(exit));
    }
    std::optional<Error> misuse;
    try {
        const Json reply = parse_json(*answer, "the worker's answer");
        if (reply.is_object() && reply.contains("error")) {
            misuse = misuse_from(reply["error"]);
        } else {
            Record record = reading("the worker's answer",
                                    [&] { return record_from_json(reply.at("record"), "the worker's answer"); });
            if (record.trial == trial_) return record;
            return crash("the worker answered for another trial: " + to_string(record.trial));
        }
    } catch (const Error& error) {
        return crash("the worker answered nonsense: " + error.problem());
    }
    throw *misuse;
}

Record Worker::crash(const std::string& why) {
    process_->end();
    const std::string said = process_->last_output(5);
    process_.reset();  // what it held is gone; the next trial starts a fresh one
    return crashed_record(trial_, "isobatch check " + to_string(trial_),
                          said.empty() ? why : fmt::format("{}; its last lines: {}", why, said));
}

}  // namespace isobatch
