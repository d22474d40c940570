#pragma once

#include <set>
#include <string>

#include "judge/align.h"
#include "judge/verdict.h"
#include "judge/yardstick.h"
#include "trace/trace.h"

namespace isobatch {

/// Is this trial the same training as the reference? Reads nothing but its arguments. Throws Error when the traces do
/// not belong together (other parameters, another contract, another reference).
Verdict judge(const Yardstick& yardstick, const Trace& candidate);

/// The single checks, in the order of Check.
CheckResult check_data(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment);
CheckResult check_events(const Trace& candidate);
CheckResult check_step(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment);
/// `strict`: strict holds, so that a distance which is allowed, but larger than clean runs have shown, is no suspicion.
CheckResult check_grad(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment,
                       bool strict = false);
CheckResult check_loss(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment);
/// Of the trace's own gradients: that they differ from the reference's is for check_grad to say.
CheckResult check_norm(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment);
/// `check`: param or opt.
CheckResult check_update(Check check, const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment);
/// Of a model that has some.
CheckResult check_buffers(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment);

/// Appends the check of the identities that the trial was asked for, where one of them fits a judged window, and how
/// each of them stands. Reads nothing of the reference but which windows are judged; for strict, their shares. The
/// steps that have a twin.
std::set<std::size_t> add_identities(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment,
                                     Verdict& verdict);

/// Appends the check of the run that follows nothing, where one was asked for. The steps whose losses were compared
/// after updates of that run.
std::set<std::size_t> add_trajectory(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment,
                                     Verdict& verdict);

/// The text form of the trial that has the same windows and asks for none.
std::string without_identities(const std::string& trial);

/// The smallest relative error of one sample's weight that check_grad would have called divergent, whichever sample it
/// hit.
double sensitivity_of(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment);

/// The candidate's gradient of one parameter in one step. Throws Error when the trace does not hold it in the right
/// size.
const Tensor& gradient_of(const Step& step, const TensorScale& scale, int rank);

}  // namespace isobatch
