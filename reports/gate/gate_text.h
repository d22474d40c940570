#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/gate/gate.h"

namespace isobatch {

/// What a gate was asked of, as it was typed.
struct GateFiles {
    std::vector<std::string> directories;
    std::string baseline;
};

/// The answer, every difference with its command, and what to do about what is undecided.
std::string gate_text(const Gate& gate, const GateFiles& files, bool colour);

/// The same for a job's page.
std::string gate_page(const Gate& gate, const GateFiles& files);

/// `::error` for what is worse, `::warning` for what is undecided.
std::string gate_annotations(const Gate& gate);

/// What would be approved, and how it differs from what stood before, if anything did.
std::string approval_text(const std::optional<Gate>& difference, const Baseline& now, const GateFiles& files);

}  // namespace isobatch
