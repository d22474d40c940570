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

using Clock = std::chrono::steady_clock;

// After the first failure: how long the others may still say theirs, since the first one heard need not be the cause.
constexpr Process::Seconds aftermath{0.5};

/// What a rank says when another one has left it alone: never the cause while there is another.
bool only_noticed(const std::string& message) {
    return message.find("gloo/") != std::string::npos || message.find("Connection") != std::string::npos;
}

}  // namespace

void RankGroup::start(std::size_t ranks) {
    while (processes_.size() < ranks) processes_.push_back(start_worker(program_, out_, false));
}

std::filesystem::path RankGroup::trace() const {
    return out_ / "traces" / (file_name(trial_) + ".trace");
}

void RankGroup::drop_reference() {
    std::error_code ignored;  // what is left over harms nothing
    if (reference_ && !reference_->kept) std::filesystem::remove_all(reference_->directory, ignored);
    reference_.reset();
}

std::optional<RankGroup::Failure> RankGroup::make_reference() {
    const Trial wanted = reference_of(trial_);
    if (reference_ && reference_->trial == wanted) return std::nullopt;
    drop_reference();
    const auto directory = out_ / "traces" / ("reference-" + file_name(wanted) + ".trace");
    std::error_code none;
    const bool kept = std::filesystem::exists(directory, none);  // traces of the run that is resumed may follow it
    Process& worker = *processes_[0];
    std::optional<std::string> answer;
    if (worker.say(to_line({.trial = wanted, .trace = directory.string()}), deadline_)) answer = worker.hear(deadline_);
    if (!answer)
        return Failure{0, !worker.timed_out(),
                       "the reference: " + (worker.timed_out() ? late() : to_string(worker.end()))};
    const Json reply = parse_json(*answer, "the worker's answer");
    if (reply.contains("error")) throw misuse_from(reply["error"]);
    if (!reply.contains("written"))
        return Failure{0, false, "the reference: " + printable(reply.value("failed", *answer))};
    reference_ =
        std::make_unique<Reference>(Reference{wanted, directory, Examiner(yardstick_of(read_trace(directory))), kept});
    return std::nullopt;
}

void RankGroup::begin(const Trial& trial) {
    trial_ = trial;
    failures_.clear();
    start(static_cast<std::size_t>(trial.split.devices));
    if (const auto failure = make_reference()) {
        failures_.push_back(*failure);
        return;
    }
    std::filesystem::remove_all(trace());
    const auto meeting = out_ / "meeting";
    std::filesystem::remove(meeting);                       // c10d appends to what is there
    for (int rank = 0; rank < trial.split.devices; ++rank)  // one that does not listen will be heard to have ended
        processes_[static_cast<std::size_t>(rank)]->say(
            to_line(
                {trial, rank, trace().string(), reference_->directory.string(), meeting.string(), deadline_.count()}),
            deadline_);
}

std::optional<RankGroup::Failure> RankGroup::take_answer(int rank, const std::string& line, std::string& manifest) {
    std::optional<Error> misuse;
    std::optional<Failure> failure;
    try {
        reading("the worker's answer", [&] {
            const Json reply = parse_json(line, "the worker's answer");
            if (reply.contains("failed"))
                failure = Failure{rank, false, reply.at("failed").get<std::string>()};
            else if (reply.contains("error"))
                misuse = misuse_from(reply.at("error"));
            else
                manifest = reply.at("manifest").get<std::string>();
        });
    } catch (const Error& error) {
        failure = Failure{rank, false, "answered nonsense: " + error.problem()};
    }
    if (misuse) throw *misuse;
    return failure;
}

std::vector<std::string> RankGroup::hear_all() {
    const auto ranks = static_cast<std::size_t>(trial_.split.devices);
    std::vector<std::string> manifests(ranks);
    std::vector<bool> done(ranks, false);
    auto until = Clock::now() + std::chrono::duration_cast<Clock::duration>(deadline_);
    std::vector<Process*> pending;
    do {
        pending.clear();
        const bool failed = !failures_.empty();  // then the others are only given the time to say why
        for (std::size_t rank = 0; rank < ranks; ++rank) {
            if (done[rank]) continue;
            Process& process = *processes_[rank];
            std::optional<Failure> failure;
            if (const auto line = process.hear(Process::Seconds(0)))
                failure = take_answer(static_cast<int>(rank), *line, manifests[rank]);
            else if (!process.timed_out())
                failure = Failure{static_cast<int>(rank), true, "ended with " + to_string(process.end())};
            else if (Clock::now() < until) {
                pending.push_back(&process);
                continue;
            } else if (!failed)
                failure = Failure{static_cast<int>(rank), false, late()};
            done[rank] = true;
            if (!failure) continue;
            if (failures_.empty())
                until = std::min(until, Clock::now() + std::chrono::duration_cast<Clock::duration>(aftermath));
            failures_.push_back(*failure);
        }
        if (!pending.empty()) Process::await(pending, until - Clock::now());
    } while (!pending.empty());
    return manifests;
}

Record RankGroup::finish() {
    std::vector<std::string> manifests;
    if (failures_.empty()) manifests = hear_all();
    if (!failures_.empty()) return crash();
    try {
        finish_trace(trace(), manifests);
        Record record = reference_->examiner.examine(read_trace(trace()), "isobatch check " + to_string(trial_));
        if (record.trial != trial_)
            throw Error("it is of another trial", trace().string(), "use the same worker for all");
        if (keep_traces_ || record.verdict.outcome > Outcome::equivalent) {
            record.trace = std::filesystem::relative(trace(), out_).string();
            reference_->kept = true;
        } else {
            std::filesystem::remove_all(trace());
        }
        return record;
    } catch (const Error& error) {  // what the ranks wrote is as hostile as any file
        failures_.push_back({0, false, error.what()});
        return crash();
    }
}

std::string RankGroup::late() const {
    return fmt::format("no answer within {} s", deadline_.count());
}

Record RankGroup::crash() {
    // A rank that died is the cause before one that says why it stopped, and that one before who only lost its peer.
    const auto cause = std::min_element(failures_.begin(), failures_.end(), [](const Failure& a, const Failure& b) {
        const auto order = [](const Failure& x) { return x.died ? 0 : only_noticed(x.why) ? 2 : 1; };
        return order(a) < order(b);
    });
    // The first line only: c10d appends its own stack.
    const auto headline = [](const Failure& failure) {
        return fmt::format("rank {}: {}", failure.rank, failure.why.substr(0, failure.why.find('\n')));
    };
    std::string message = headline(*cause);
    const std::string said = processes_[static_cast<std::size_t>(cause->rank)]->last_output(5);
    if (!said.empty()) message += "; its last lines: " + said;
    for (const Failure& failure : failures_)
        if (failure.rank != cause->rank) message += "; " + headline(failure);
    processes_.clear();  // each ends its own
    return crashed_record(trial_, "isobatch check " + to_string(trial_), message);
}

}  // namespace isobatch
