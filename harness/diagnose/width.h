#pragma once

#include <string>
#include <vector>

#include "diagnose/record.h"
#include "judge/yardstick.h"
#include "trace/trace.h"

namespace isobatch {

/// How many bits the sums of a trial keep, read from exact data. An element to which one sample gives 2^j and one other
/// gives 1, in some unit, is a probe: their sum is right to the bit in an accumulator of more than j bits, whatever
/// else is added in between, and wrong in any other. Where the two samples are says which sum it goes through: of one
/// micro, of one device's micros, of the devices. Nothing is said of a stage whose small sums are wrong too: that is a
/// weight.
std::vector<Width> widths_of(const Yardstick& yardstick, const Evidence& evidence, const Trace& candidate);

/// What the divergent trials of a matrix say together; empty where every sum kept its bits. A number that is narrow
/// once stays so: of the stages that look narrow in a trial, the last one is, unless none after it was tried.
std::string width_sentences(const std::vector<const Record*>& divergent);

}  // namespace isobatch
