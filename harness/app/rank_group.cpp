#include "app/rank_group.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "app/worker.h"
#include "base/error.h"
#include "base/text.h"
#include "trace/read.h"
#include "trace/sink.h"

namespace isobatch {

namespace {

// After the first failure: how long the others may still say theirs, since the first one heard need not be the cause.
constexpr double aftermath = 0.5;

std::chrono::steady_clock::duration span(double seconds) {
    return std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(seconds));
}

/// What a rank says when another one has left it alone: never the cause while there is another.
bool only_noticed(const std::string& message) {
    return message.find("gloo/") != std::string::npos || message.find("Connection") != std::string::npos ||
           message.find("NCCL") != std::string::npos;
}

}  // namespace

RankGroup::~RankGroup() {
    drop_reference();
    if (launched_ && lost_.empty())
        dismiss(*launched_, std::move(processes_), Process::Seconds(program_.deadlines.start));
    else
        Process::end(processes_);
    std::error_code ignored;
    for (const std::filesystem::path& file : meetings_) std::filesystem::remove(file, ignored);
}

void RankGroup::start(std::size_t ranks) {
    if (processes_.size() >= ranks) return;
    if (!lost_.empty()) throw LostAtStart(lost_);
    if (launched_) {  // all of them: those beyond a trial's ranks idle
        try {
            Gathered all = gather(*launched_, program_);
            processes_ = std::move(all.processes);
            addresses_ = std::move(all.addresses);
        } catch (const Error& error) {
            lost_ = error.problem();
            throw;
        }
        return;
    }
    for (auto& worker : start_workers(program_, ranks - processes_.size())) processes_.push_back(std::move(worker));
}

std::filesystem::path RankGroup::trace() const {
    return program_.out / "traces" / (file_name(trial_) + ".trace");
}

std::filesystem::path RankGroup::meeting() const {
    return program_.out / (file_name(trial_) + ".meeting");
}

void RankGroup::drop_reference() {
    if (reference_) references_->leave(reference_->directory);
    reference_.reset();
}

std::optional<RankGroup::Failure> RankGroup::make_reference(bool by_units) {
    const Trial wanted = reference_of(trial_, couples_.contains(trial_.subject));
    if (reference_ && reference_->trial == wanted && (reference_->by_units || !by_units)) return std::nullopt;
    const auto directory = program_.out / "traces" / (reference_name(wanted, by_units) + ".trace");
    std::optional<Failure> failure;
    const auto write = [&] { return !(failure = write_reference({.trial = wanted, .by_units = by_units}, directory)); };
    if (!references_->use(directory, write)) return failure;
    try {
        // What a worker writes is as hostile as what it answers.
        auto read = std::make_unique<Reference>(
            Reference{wanted, by_units, directory, Examiner(yardstick_of(read_trace(directory)))});
        drop_reference();
        reference_ = std::move(read);
    } catch (const Error& error) {
        references_->leave(directory);
        return Failure{0, Failing::said, std::string("the reference: ") + error.problem()};
    }
    const std::optional<Contract>& contract = reference_->examiner.yardstick().contract;
    if (!contract || !contract->couples_samples || !couples_.insert(trial_.subject).second) return std::nullopt;
    return make_reference();  // only a reference tells, and another may be wanted
}

std::optional<RankGroup::Failure> RankGroup::write_reference(Job job, const std::filesystem::path& directory) {
    job.trace = directory.string();
    Process& worker = *processes_[0];
    // One that does not listen will be heard to have ended.
    worker.say(to_line(job), Process::Seconds(program_.deadlines.start));
    const Answer answer = hear_answer(worker, program_.deadlines);
    if (!answer.line) return Failure{0, answer.late ? Failing::stuck : Failing::died, "the reference: " + answer.why};
    std::string starved;
    const std::string problem = take_reply(*answer.line, [&](const Json& reply) {
        if (const auto lacks = reply.find("out_of_memory"); lacks != reply.end())
            starved = "the reference: " + lacks->get<std::string>();
        else if (!reply.contains("written"))
            throw Error(printable(reply.at("failed").get<std::string>()), "the worker", "");
    });
    if (!starved.empty()) return Failure{0, Failing::out_of_memory, starved};
    if (!problem.empty()) return Failure{0, Failing::said, "the reference: " + problem};
    return std::nullopt;
}

void RankGroup::begin(const Trial& trial) {
    trial_ = trial;
    failures_.clear();
    try {
        start(static_cast<std::size_t>(mesh_of(trial).ranks()));
    } catch (const LostAtStart& loss) {
        Process::end(processes_);
        processes_.clear();
        if (launched_) lost_ = loss.what();  // another launcher's ranks do not come back
        failures_.push_back({0, Failing::died, fmt::format("a worker: {}", loss.what())});
        return;
    }
    if (const auto failure = make_reference()) {
        failures_.push_back(*failure);
        return;
    }
    std::filesystem::remove_all(trace());
    std::filesystem::remove(meeting());  // c10d appends to what is there
    meetings_.insert(meeting());
    const int ranks = mesh_of(trial).ranks();
    for (int rank = 0; rank < ranks; ++rank)  // one that does not listen will be heard to have ended
        processes_[static_cast<std::size_t>(rank)]->say(
            to_line({trial, rank, trace().string(), reference_->directory.string(), meeting().string(),
                     program_.deadlines.trial, machine_of(addresses_, rank, ranks)}),
            Process::Seconds(program_.deadlines.start));
}

std::optional<RankGroup::Failure> RankGroup::take_answer(int rank, const std::string& line, Watch& watch,
                                                         std::string& manifest) const {
    if (const auto beat = beat_from(line)) {
        watch = {false, *beat, Clock::now() + span(program_.deadlines.step)};
        return std::nullopt;
    }
    std::optional<Failure> failure;
    watch.done = true;
    const std::string problem = take_reply(line, [&](const Json& reply) {
        if (reply.contains("died")) {
            failure = Failure{rank, Failing::died, reply.at("died").get<std::string>()};
        } else if (reply.contains("out_of_memory")) {
            failure = Failure{rank, Failing::out_of_memory, reply.at("out_of_memory").get<std::string>()};
        } else if (reply.contains("failed")) {
            const std::string why = reply.at("failed").get<std::string>();
            failure = Failure{rank, only_noticed(why) ? Failing::noticed : Failing::said, why};
        } else {
            manifest = reply.at("manifest").get<std::string>();
        }
    });
    if (!problem.empty()) failure = Failure{rank, Failing::said, "answered nonsense: " + problem};
    return failure;
}

void RankGroup::hear(std::size_t rank, Watch& watch, std::string& manifest) {
    Process& process = *processes_[rank];
    while (!watch.done) {
        std::optional<Failure> failure;
        if (const auto line = process.hear(Process::Seconds(0))) {
            failure = take_answer(static_cast<int>(rank), *line, watch, manifest);
        } else if (process.timed_out()) {
            return;  // it has nothing to say yet
        } else {
            failure = Failure{static_cast<int>(rank), Failing::died, "ended with " + to_string(process.end())};
            watch.done = true;
        }
        if (failure) failures_.push_back(*failure);
    }
}

std::vector<std::string> RankGroup::hear_all() {
    const auto ranks = static_cast<std::size_t>(mesh_of(trial_).ranks());
    std::vector<std::string> manifests(ranks);
    std::vector<Watch> watches(ranks, Watch{false, {}, Clock::now() + span(program_.deadlines.start)});
    auto whole = Clock::now() + span(program_.deadlines.trial);
    bool failed = false;
    for (;;) {
        std::vector<Process*> pending;
        auto until = whole;
        for (std::size_t rank = 0; rank < ranks; ++rank) {
            hear(rank, watches[rank], manifests[rank]);
            if (watches[rank].done) continue;
            pending.push_back(processes_[rank].get());
            until = std::min(until, watches[rank].until);
        }
        if (pending.empty()) return manifests;
        if (!failed && !failures_.empty()) {  // the others are only given the time to say why
            failed = true;
            until = whole = std::min(whole, Clock::now() + span(aftermath));
        }
        if (Clock::now() < until) {
            Process::await(pending, until - Clock::now());
            continue;
        }
        // One is late, and with it all that wait for it: who does not wait is the cause.
        for (std::size_t rank = 0; rank < ranks && !failed; ++rank)
            if (!watches[rank].done)
                failures_.push_back({static_cast<int>(rank),
                                     watches[rank].beat.exchanging ? Failing::noticed : Failing::stuck,
                                     too_late(watches[rank].beat, program_.deadlines, until == whole)});
        return manifests;
    }
}

bool RankGroup::read_units() {
    const auto failure = make_reference(true);
    if (failure && (failure->how == Failing::died || failure->how == Failing::stuck)) {
        Process::end(processes_);  // the next trial starts others
        processes_.clear();
    }
    return !failure;
}

Record RankGroup::finish() {
    std::vector<std::string> manifests;
    if (failures_.empty()) manifests = hear_all();
    if (!failures_.empty()) return unanswered();
    try {
        finish_trace(trace(), manifests);
        const Trace candidate = read_trace(trace());
        const std::string repro = "isobatch check " + to_string(trial_);
        Record record = reference_->examiner.examine(candidate, repro);
        if (wants_units(record) && !reference_->by_units && read_units())
            record = reference_->examiner.examine(candidate, repro);
        if (record.trial != trial_)
            throw Error("it is of another trial", trace().string(), "use the same worker for all");
        if (program_.keep_traces || record.verdict.outcome > Outcome::equivalent) {
            record.trace = std::filesystem::relative(trace(), program_.out).string();
            sync_directory(trace());
            references_->keep(reference_->directory);
        } else {
            std::filesystem::remove_all(trace());
        }
        return record;
    } catch (const Error& error) {  // what the ranks wrote is as hostile as any file
        failures_.push_back({0, Failing::said, error.what()});
        return unanswered();
    }
}

Record RankGroup::unanswered() {
    const auto cause = std::min_element(failures_.begin(), failures_.end(),
                                        [](const Failure& a, const Failure& b) { return a.how < b.how; });
    // The first line only: c10d appends its own stack.
    const auto headline = [](const Failure& failure) {
        return fmt::format("rank {}: {}", failure.rank, failure.why.substr(0, failure.why.find('\n')));
    };
    std::string message = headline(*cause);
    const auto rank = static_cast<std::size_t>(cause->rank);
    if (rank < processes_.size()) message = with_last_lines(message, *processes_[rank]);
    for (const Failure& failure : failures_)
        if (failure.rank != cause->rank) message += "; " + headline(failure);
    Process::end(processes_);
    processes_.clear();
    const std::string repro = "isobatch check " + to_string(trial_);
    return cause->how == Failing::out_of_memory ? out_of_memory_record(trial_, repro, message)
                                                : crashed_record(trial_, repro, message);
}

}  // namespace isobatch
