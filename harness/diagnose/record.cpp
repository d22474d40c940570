#include "diagnose/record.h"

namespace isobatch {

Json to_json(const Record& record) {
    Json clauses = Json::array();
    for (const Clause& clause : record.clauses) clauses.push_back(to_json(clause));
    return {{"trial", to_string(record.trial)},
            {"split", to_string(record.trial.split)},
            {"repro", record.repro},
            {"contract", to_json(record.contract)},
            {"clauses", clauses},
            {"verdict", to_json(record.verdict)},
            {"evidence", to_json(record.evidence)},
            {"traffic", to_json(record.traffic)},
            {"cost", to_json(record.cost)},
            {"trace", record.trace}};
}

Record record_from_json(const Json& object, const std::string& where) {
    return reading(where, [&] {
        Record record;
        record.trial = parse_trial(object.at("trial").get<std::string>());
        record.repro = object.at("repro").get<std::string>();
        record.contract = contract_from_json(object.at("contract"), where);
        for (const Json& clause : list_from_json(object.at("clauses"), where))
            record.clauses.push_back(clause_from_json(clause, where));
        record.verdict = verdict_from_json(object.at("verdict"), where);
        record.evidence = evidence_from_json(object.at("evidence"), where);
        record.traffic = traffic_from_json(object.at("traffic"), where);
        record.cost = cost_from_json(object.at("cost"), where);
        record.trace = object.at("trace").get<std::string>();
        return record;
    });
}

namespace {

Record unanswered_record(const Trial& trial, std::string repro, Outcome how, std::string message) {
    Record record{trial, std::move(repro), std::nullopt, {}, {}, {}, {}, {}, {}};
    record.verdict.outcome = how;
    CheckResult result{.check = Check::data, .outcome = how};
    result.first = Place{};
    result.message = std::move(message);
    record.verdict.checks.push_back(std::move(result));
    return record;
}

}  // namespace

Record crashed_record(const Trial& trial, std::string repro, std::string message) {
    return unanswered_record(trial, std::move(repro), Outcome::crashed, std::move(message));
}

Record out_of_memory_record(const Trial& trial, std::string repro, std::string message) {
    return unanswered_record(trial, std::move(repro), Outcome::out_of_memory, std::move(message));
}

}  // namespace isobatch
