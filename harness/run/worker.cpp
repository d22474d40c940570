#include "run/worker.h"

#include <exception>

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>

#include "base/error.h"
#include "plan/fault.h"
#include "run/held_bytes.h"
#include "run/manifest_of.h"
#include "run/nccl.h"
#include "run/ranks.h"

namespace isobatch {

namespace {

std::string handshake() {
    Json cases = Json::array(), faults = Json::array();
    for (const std::string& name : case_names())
        cases.push_back({{"name", name}, {"summary", find_case(name).summary}});
    for (const FaultEntry& fault : fault_catalogue()) faults.push_back(fault.id);
    return Json{{"protocol", worker_protocol},
                {"libtorch", provenance().at("libtorch")},
                {"nccl", has_nccl()},
                {"cases", cases},
                {"faults", faults}}
        .dump();
}

struct Work {
    Matrix matrix;
    Ranks ranks;
};

/// What a case throws is the trial's crash; what we refuse is an error of the plan.
Json answer_to_trial(const std::string& line, Work& work) {
    const Trial trial = parse_trial(line);
    try {
        return {{"record", to_json(work.matrix.run(trial))}};
    } catch (const Error&) {
        throw;
    } catch (const c10::OutOfMemoryError& error) {
        return {
            {"record", to_json(out_of_memory_record(trial, "isobatch check " + line, error.what_without_backtrace()))}};
    } catch (const std::exception& error) {
        return {{"record", to_json(crashed_record(trial, "isobatch check " + line, error.what()))}};
    }
}

Json answer_to_job(const std::string& line, Work& work) {
    const Job job = parse_job(line);
    const Setup setup = work.ranks.plan(job);
    try {
        if (job.rank) return {{"manifest", work.ranks.run(setup, job)}};
        work.matrix.write_reference(job.trial, job.trace, job.by_units);
        return {{"written", job.trace}};
    } catch (const c10::OutOfMemoryError& error) {
        return {{"out_of_memory", error.what_without_backtrace()}};
    } catch (const std::exception& error) {  // also an Error: the plan is right, so it is the disk, or a file
        return {{"failed", error.what()}};
    }
}

Json answer_to(const std::string& line, Work& work) {
    try {
        return line.starts_with("{") ? answer_to_job(line, work) : answer_to_trial(line, work);
    } catch (const Error& error) {
        return {{"error",
                 {{"what", error.problem()},
                  {"where", error.where()},
                  {"next", error.next()},
                  {"exit_code", error.exit_code()}}}};
    }
}

}  // namespace

void serve(std::istream& input, const Answer& answer, Plant plant, Keep keep) {
    count_held_bytes();
    at::set_num_threads(1);  // so that nothing but the trial decides the bits
    const Recorder::Beats beats = [&](const Beat& beat) { answer(to_line(beat)); };
    Work work{Matrix(plant, std::move(keep), beats), Ranks(plant, beats)};
    answer(handshake());
    for (std::string line; std::getline(input, line);)
        answer(answer_to(line, work).dump(-1, ' ', true, Json::error_handler_t::replace));
}

}  // namespace isobatch
