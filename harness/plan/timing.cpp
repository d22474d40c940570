#include "plan/timing.h"

#include "base/check.h"

namespace isobatch {

std::string to_string(Timing timing) {
    switch (timing) {
        case Timing::always:
            return "always";
        case Timing::first_window:
            return "first-window";
        case Timing::later_windows:
            return "later-windows";
        case Timing::epoch_ends:
            return "epoch-ends";
        case Timing::later_epochs:
            return "later-epochs";
        case Timing::after_restart:
            return "after-restart";
    }
    broken_promise("timing", "unknown timing", __FILE__, __LINE__);
}

std::string meaning(Timing timing) {
    switch (timing) {
        case Timing::always:
            return "in every window";
        case Timing::first_window:
            return "in the first window of the run";
        case Timing::later_windows:
            return "in every window but the first";
        case Timing::epoch_ends:
            return "in the last window of each epoch";
        case Timing::later_epochs:
            return "from the second epoch on";
        case Timing::after_restart:
            return "once the run was restarted";
    }
    broken_promise("timing", "unknown timing", __FILE__, __LINE__);
}

bool acts(Timing timing, const Moment& moment) {
    switch (timing) {
        case Timing::always:
            return true;
        case Timing::first_window:
            return moment.window == 1;
        case Timing::later_windows:
            return moment.window > 1;
        case Timing::epoch_ends:
            return moment.ends_epoch;
        case Timing::later_epochs:
            return moment.epoch > 1;
        case Timing::after_restart:
            return moment.restart > 0;
    }
    broken_promise("timing", "unknown timing", __FILE__, __LINE__);
}

Moment moment_of(const Batch& batch, std::int64_t samples, std::int64_t effective, std::int64_t restart) {
    const std::int64_t windows = (samples + effective - 1) / effective;  // of an epoch
    Moment moment{(batch.epoch - 1) * windows + batch.index + 1, batch.epoch, batch.begin + batch.samples == samples};
    if (restart > 0 && moment.window > restart) {
        moment.restart = restart;
        moment.in_restarted_epoch = (restart - 1) / windows + 1 == batch.epoch;
    }
    return moment;
}

}  // namespace isobatch
