#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "run/forced_update.h"
#include "run/forcing.h"
#include "run/held_bytes.h"
#include "run/replica.h"
#include "run/setup.h"
#include "supervise/job.h"
#include "trace/sink.h"

namespace isobatch {

/// Writes down what a loop does, in the order in which it does it, and starts each window from the reference's state
/// when there is one to follow. Its own work is not in the times that it records.
class Recorder {
public:
    /// Adds what only a reference knows of a window: called with the gradient ready, before the optimizer.
    using Trust = std::function<void(const Window&, const Replica&, Step&)>;
    /// Told at the start of a window, and when its gradients go to the exchange.
    using Beats = std::function<void(const Beat&)>;

    /// `before`: what tensors held before the model was made; nothing where neither its memory nor the device's time is
    /// to be measured.
    Recorder(TraceSink& sink, const Dataset& data, Level level, const Forcing* forcing, Trust trust = nullptr,
             Beats beats = nullptr, std::optional<Held> before = std::nullopt)
        : sink_(&sink),
          data_(&data),
          level_(level),
          forcing_(forcing),
          trust_(std::move(trust)),
          beats_(std::move(beats)),
          before_(before) {}

    void window_begins(const Window& window, std::vector<Replica>& replicas);
    void forward_ends();
    void exchange_begins(const Replica& replica);
    /// `weight` is what the summed loss was multiplied by, `reported` what that counts in the loss that is told.
    void backward_ends(const Replica& replica, const Window& window, const Slice& micro, const at::Tensor& loss_sum,
                       double weight, double reported);
    /// Something happened to this replica: `zero`, `step`, `schedule` …
    void note(const Replica& replica, std::string event);
    /// The reduced gradient stands, before clip and optimizer.
    void gradient_ready(const Replica& replica, const Window& window);
    /// Where there is a reference to follow, and its window is judged: what the loop's own update would make of its
    /// gradient, and what the right one would make of the replica's own; without weight decay, where it may be lost as
    /// a window accumulates; of an overflow, where losses are scaled; and what the window's forwards should have made
    /// of the model's buffers.
    void update_begins(Replica& replica, const Window& window, const Updates& updates);
    void clipped(const Replica& replica, const Clip& clip);
    /// `moved` between the ranks for this step.
    void step_ends(const Replica& replica, std::optional<Collectives> moved);

private:
    using Clock = std::chrono::steady_clock;
    /// Milliseconds that passed, and that processors worked; the most memory that there was meanwhile.
    struct Lap {
        double ms = 0, processor_ms = 0;
        Peaks peaks = {};

        Lap& operator+=(const Lap& other);
    };
    Lap lap();             ///< since the last lap, or since the recorder's own work ended
    Lap pause();           ///< the same, and its own work begins
    void resume();         ///< its own work ends, which is in no lap and in no bound
    Step& open(int rank);  ///< the step that this rank is in

    TraceSink* sink_;
    const Dataset* data_;
    Level level_;
    const Forcing* forcing_;
    Trust trust_;
    Beats beats_;
    std::optional<Held> before_;  ///< with what the recorder keeps by now
    std::int64_t held_at_lap_ = 0, held_here_at_pause_ = 0;
    bool alone_ = false;                ///< in its process, whose memory is then that of one rank
    std::map<int, Step> steps_;         ///< by rank
    std::map<int, StateDigests> owed_;  ///< by rank, of this window
    struct Buffers {
        std::vector<at::Tensor> before;
        StateDigests owed;
    };
    std::map<int, Buffers> buffers_;  ///< by rank, of this window, of models that have some
    double forward_ms_ = 0;
    Lap window_;
    bool judged_ = false;
    Clock::time_point last_ = Clock::now();
    double last_processor_ms_ = 0;
};

}  // namespace isobatch
