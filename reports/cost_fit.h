#pragma once

#include <span>

#include "diagnose/record.h"
#include "measure/cost_model.h"

namespace isobatch {

/// The costs of one matrix, fitted: its fastest full steps and its peaks of memory, of every trial that measured them.
/// Times are those of the processor where that is the whole of a step: one thread of one process on the CPU, which
/// waits for nobody. Then no other program on the machine adds to them.
CostModel cost_model_of(std::span<const Record> matrix);

/// The fastest full step of a trial, on the model's clock; 0: not measured.
double fastest_ms(const Record& record, const CostModel& model);

}  // namespace isobatch
