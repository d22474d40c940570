#pragma once

#include <string>

#include "diagnose/result.h"

namespace isobatch {

/// What the contract promises, and whether this run could have shown a breach.
std::string claims_part(const Result& result);

/// The identities that the trials were asked for: what each says, who held it and who broke it; nothing where none
/// were.
std::string identities_part(const Result& result);

}  // namespace isobatch
