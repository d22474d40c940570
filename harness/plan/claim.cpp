#include "plan/claim.h"

#include <algorithm>

#include "base/check.h"

namespace isobatch {

std::string to_string(Claim claim) {
    switch (claim) {
        case Claim::scale:
            return "scale";
        case Claim::weighting:
            return "weighting";
        case Claim::tail:
            return "tail";
        case Claim::schedule:
            return "schedule";
        case Claim::state:
            return "state";
        case Claim::bits:
            return "bits";
        case Claim::identities:
            return "identities";
        case Claim::trajectory:
            return "trajectory";
    }
    broken_promise("claim", "unknown claim", __FILE__, __LINE__);
}

std::string meaning(Claim claim) {
    switch (claim) {
        case Claim::scale:
            return "the gradient has the same scale however many micros and devices share the batch";
        case Claim::weighting:
            return "every scored token weighs the same, whichever micro it falls in";
        case Claim::tail:
            return "a window with fewer samples than the effective batch is trained on, and weighted by what it holds";
        case Claim::schedule:
            return "the learning rate advances once an optimizer step";
        case Claim::state:
            return "nothing but the promised state is carried from one window to the next";
        case Claim::bits:
            return "the gradient and the loss are the reference's bit for bit, where nothing needs rounding";
        case Claim::identities:
            return "a window and its twins, which no right trainer can tell apart, have the same gradient bit for bit";
        case Claim::trajectory:
            return "a run of its own has the losses that runs of trusted splits have";
    }
    broken_promise("claim", "unknown claim", __FILE__, __LINE__);
}

bool claimed(Claim claim, const Contract& contract, const Asked& asked) {
    switch (claim) {
        case Claim::weighting:
            return contract.weighting == Weighting::token_mean;
        case Claim::tail:
            return contract.keeps_tail;
        case Claim::schedule:
            return contract.schedule_varies;
        case Claim::bits:
            return contract.exact;
        case Claim::identities:
            return asked.identities;
        case Claim::trajectory:
            return asked.trajectory;
        case Claim::scale:
        case Claim::state:
            return true;
    }
    broken_promise("claim", "unknown claim", __FILE__, __LINE__);
}

bool has_power(Claim claim, const Split& split, const std::vector<WindowLayout>& windows) {
    switch (claim) {
        case Claim::scale:
            return split.accum > 1 || split.devices > 1;
        case Claim::weighting:
            return std::any_of(windows.begin(), windows.end(), unequal_units);
        case Claim::tail:
            return std::any_of(windows.begin(), windows.end(), [](const WindowLayout& w) { return w.ragged; });
        case Claim::schedule:
            return windows.size() > 1 && (split.accum > 1 || split.devices > 1);
        case Claim::state:
            return windows.size() > 1;
        case Claim::bits:
            return std::any_of(windows.begin(), windows.end(),
                               [](const WindowLayout& w) { return w.exact && w.micros.size() > 1; });
        case Claim::identities:
            return std::any_of(windows.begin(), windows.end(), [](const WindowLayout& w) { return w.has_twin; });
        case Claim::trajectory:
            return (split.accum > 1 || split.devices > 1) &&
                   std::any_of(windows.begin(), windows.end(),
                               [](const WindowLayout& w) { return w.follows_own_steps; });
    }
    broken_promise("claim", "unknown claim", __FILE__, __LINE__);
}

std::string how_to_test(Claim claim) {
    switch (claim) {
        case Claim::scale:
            return "add a split with accum > 1 or devices > 1 (check: --splits all)";
        case Claim::weighting:
            return "use rows of different lengths (check: --lengths ragged) and a split with more than one micro";
        case Claim::tail:
            return "use a data set that the effective batch does not divide (check: --samples 43 for 16)";
        case Claim::schedule:
            return "run more than one window in a split with accum > 1 or devices > 1";
        case Claim::state:
            return "run more than one window, with more samples or epochs (check: --samples, --epochs)";
        case Claim::bits:
            return "add a split with accum > 1 or with 2, 4, 8 … devices, and leave --lengths and --effective as they "
                   "are";
        case Claim::identities:
            return "try --identities all: some of them fit every split";
        case Claim::trajectory:
            return "run more than one window in a split with accum > 1 or devices > 1, at a learning rate at which "
                   "rounding does not grow";
    }
    broken_promise("claim", "unknown claim", __FILE__, __LINE__);
}

}  // namespace isobatch
