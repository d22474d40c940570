#pragma once

#include "run/setup.h"

namespace isobatch {

/// What a person would write: the lesson's loop by hand, with no recorder, engine, decision or trace. Ranks share one
/// model, since a plain average over them is one more division.
void bare_run(const isobatch::Setup& setup);

}  // namespace isobatch
