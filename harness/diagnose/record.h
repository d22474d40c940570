#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "diagnose/evidence.h"
#include "judge/verdict.h"
#include "measure/cost.h"
#include "measure/traffic.h"
#include "plan/clause.h"
#include "plan/trial.h"

namespace isobatch {

/// All that is kept of one trial: a line of the worker's answer, a file of the run directory.
struct Record {
    Trial trial;
    std::string repro;                 ///< the command that repeats it
    std::optional<Contract> contract;  ///< what it was held to
    std::vector<Clause> clauses;       ///< what that rests on, of an outside trainer
    Verdict verdict;
    Evidence evidence;
    Traffic traffic;
    Cost cost;
    std::string trace;  ///< where its trace was kept inside the run directory; empty: not kept
};

Json to_json(const Record& record);
Record record_from_json(const Json& object, const std::string& where);

/// A trial that ended without a verdict.
Record crashed_record(const Trial& trial, std::string repro, std::string message);
Record out_of_memory_record(const Trial& trial, std::string repro, std::string message);

}  // namespace isobatch
