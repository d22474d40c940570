#include "run/worker.h"

#include <exception>

#include <ATen/Parallel.h>

#include "base/error.h"
#include "plan/fault.h"
#include "run/manifest_of.h"

namespace isobatch {

namespace {

std::string handshake() {
    Json cases = Json::array(), faults = Json::array();
    for (const std::string& name : case_names())
        cases.push_back({{"name", name}, {"summary", find_case(name).summary}});
    for (const FaultEntry& fault : fault_catalogue()) faults.push_back(fault.id);
    return Json{
        {"protocol", worker_protocol}, {"libtorch", provenance().at("libtorch")}, {"cases", cases}, {"faults", faults}}
        .dump();
}

/// The answer to one trial. What a case throws is the trial's crash; what we refuse is an error of the plan.
Json answer_to(const std::string& line, Matrix& matrix) {
    Trial trial;
    try {
        trial = parse_trial(line);
        return {{"record", to_json(matrix.run(trial))}};
    } catch (const Error& error) {
        return {{"error",
                 {{"what", error.problem()},
                  {"where", error.where()},
                  {"next", error.next()},
                  {"exit_code", error.exit_code()}}}};
    } catch (const std::exception& error) {
        return {{"record", to_json(crashed_record(trial, "isobatch check " + line, error.what()))}};
    }
}

}  // namespace

void serve(std::istream& input, const std::function<void(const std::string& line)>& answer, Plant plant, Keep keep) {
    at::set_num_threads(1);  // so that nothing but the trial decides the bits
    Matrix matrix(std::move(plant), std::move(keep));
    answer(handshake());
    for (std::string line; std::getline(input, line);)
        answer(answer_to(line, matrix).dump(-1, ' ', true, Json::error_handler_t::replace));
}

}  // namespace isobatch
