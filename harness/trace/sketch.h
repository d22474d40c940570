#pragma once

#include "trace/trace.h"

namespace isobatch {

/// Which elements of a parameter's gradient a sketch holds, in their order: all of them, or the most of 64 and three
/// times the samples of a window, so that the weights of the samples can still be read out of them. The parameter is
/// cut into so many runs of equal length, but for one element, and of each one element is drawn: SplitMix64 from seed
/// 1, split by the name and by each side of the shape. Every split of a batch, in every language, has the same ones.
std::vector<std::int64_t> sketch_coordinates(const Parameter& parameter, std::int64_t samples);

/// The trace with those elements alone in the place of each gradient, and of what each micro added; the same trace
/// where it was recorded so. Throws Error where it was, but holds another number of elements, or where there is no
/// gradient to take them of.
Trace sketch_of(Trace trace);

/// Whether one of them was recorded as a sketch, so that nothing but sketches of the others can be compared with it.
bool has_sketch(const std::vector<Trace>& traces);

}  // namespace isobatch
