#pragma once

#include "run/engine.h"
#include "run/recorder.h"
#include "run/setup.h"

namespace isobatch {

/// The textbook loop: sum the gradients of the window's micros, reduce, step, clear.
void train(const Setup& setup, Engine& engine, Recorder& recorder);

}  // namespace isobatch
