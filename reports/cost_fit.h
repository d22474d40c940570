#pragma once

#include <span>

#include "diagnose/record.h"
#include "measure/cost_model.h"

namespace isobatch {

/// The costs of one matrix, fitted: its fastest full steps and its peaks of memory, of every trial that measured them.
CostModel cost_model_of(std::span<const Record> matrix);

}  // namespace isobatch
