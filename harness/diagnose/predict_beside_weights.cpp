#include "diagnose/predict_beside_weights.h"

#include "base/check.h"
#include "plan/power.h"

namespace isobatch {

namespace {

/// Right weights, with other numbers of steps.
Prediction by_turns(Cause cause, const WindowEvidence& window) {
    const WindowLayout& layout = window.layout;
    const std::vector<double> ones(window.samples.size(), 1);
    switch (cause) {
        case Cause::epoch_tail_extra_step:
            return {.weights = ones, .steps = layout.ragged ? 2 : 1};
        case Cause::step_lost_grads_wiped:
            return {.weights = ones, .steps = layout.ragged ? 0 : 1};
        case Cause::schedule_per_micro:
            return {.weights = ones, .schedule_steps = most_micros(layout)};
        case Cause::ema_per_micro:
            return {.weights = ones, .averages = layout.averaged ? most_micros(layout) : 1};
        case Cause::adam_count_per_micro:
            return {.weights = ones, .counted = layout.counts_steps ? most_micros(layout) : 1};
        case Cause::step_not_incremented:
            return {.weights = ones, .counted = layout.counts_steps ? 0 : 1};
        case Cause::schedule_per_rank:
            return {.weights = ones, .schedule_steps = layout.mesh.places};
        default:
            broken_promise("cause", "a cause of steps", __FILE__, __LINE__);
    }
}

/// What the step makes of its gradient, or the forwards of the model's buffers, is another than it should be.
Prediction by_update(Cause cause, const WindowEvidence& window) {
    const auto leaves = [&](bool power, Updating updating) {
        return Prediction{.weights = std::vector<double>(window.samples.size(), 1),
                          .updating = power ? updating : Updating::right};
    };
    switch (cause) {
        case Cause::master_weights_lost:
            return leaves(true, Updating::altered);
        case Cause::decay_lost_when_accumulating:
            return leaves(has_several_turns(window.layout) && window.decays, Updating::undecayed);
        case Cause::adam_state_lost:
            return leaves(window.restarts && window.layout.counts_steps, Updating::forgotten);
        case Cause::inf_not_skipped:
            return leaves(is_loss_scaled(window.layout), Updating::unskipped);
        case Cause::statistics_moved_twice:
            return leaves(window.keeps_statistics, Updating::forwarded_twice);
        case Cause::statistics_of_evaluation:
            return leaves(window.keeps_statistics, Updating::forwarded_others);
        default:
            broken_promise("cause", "a cause of updates", __FILE__, __LINE__);
    }
}

/// The step is clipped by what is not the gradient's norm, or at another time.
Prediction by_clip(Cause cause, const WindowEvidence& window) {
    const WindowLayout& layout = window.layout;
    const auto each = [&](const std::vector<double>& weights) {
        Prediction prediction{std::vector<double>(window.samples.size(), 1)};
        for (std::size_t i = 0; !weights.empty() && i < prediction.weights.size(); ++i)
            prediction.weights[i] = weights[static_cast<std::size_t>(window.micro_of[i])];
        return prediction;
    };
    const auto reads = [&](bool power, Clipping clipping) {
        return Prediction{.weights = std::vector<double>(window.samples.size(), 1),
                          .clipping = power ? clipping : Clipping::right};
    };
    switch (cause) {
        case Cause::clip_disabled:
            return reads(is_clipped(layout), Clipping::left_out);
        case Cause::norm_misses_shards:
            return reads(has_norm(layout), Clipping::all_but_one);
        case Cause::clip_local_norm:
            return reads(has_norm(layout), Clipping::one_alone);
        case Cause::norm_counts_replicas:
            return reads(has_norm_on_several_ranks(layout), Clipping::replicas_counted);
        case Cause::clip_scaled_gradients:
            return reads(has_norm(layout), Clipping::scaled);
        case Cause::log_local_norm:
            return reads(has_norm_on_several_places(layout), Clipping::told_another);
        case Cause::clip_per_micro:
            return each(window.clipped_each_micro);
        case Cause::clip_before_reduce:
            return each(window.clipped_each_rank);
        default:
            broken_promise("cause", "a cause of clipping", __FILE__, __LINE__);
    }
}

}  // namespace

std::optional<Prediction> predict_beside_weights(Cause cause, const WindowEvidence& window) {
    const WindowLayout& layout = window.layout;
    const std::vector<double> ones(window.samples.size(), 1);
    const auto tells = [&](bool power, Reporting reporting) {
        return Prediction{.weights = ones, .reporting = power ? reporting : Reporting::right};
    };
    switch (cause) {
        case Cause::bf16_accumulator:
        case Cause::bf16_reduction:
            return Prediction{.weights = ones,
                              .rounded = units_of(layout) > 0 && (layout.mesh.places > 1 || !concerns_devices(cause))};
        case Cause::master_weights_lost:
        case Cause::decay_lost_when_accumulating:
        case Cause::adam_state_lost:
        case Cause::inf_not_skipped:
        case Cause::statistics_moved_twice:
        case Cause::statistics_of_evaluation:
            return by_update(cause, window);
        case Cause::epoch_tail_dropped:
        case Cause::same_batch_repeated:
        case Cause::per_rank_sampler_seed:
        case Cause::epoch_not_set:
        case Cause::sampler_padding_duplicates:
        case Cause::ragged_rank_streams:
        case Cause::truncated_after_retry:
        case Cause::accumulation_off:
        case Cause::resume_skips_updates:
        case Cause::resume_wrong_permutation:
        case Cause::schedule_horizon:
            return Prediction{ones};  // of the windows that hold what they should
        case Cause::epoch_tail_extra_step:
        case Cause::step_lost_grads_wiped:
        case Cause::schedule_per_micro:
        case Cause::ema_per_micro:
        case Cause::adam_count_per_micro:
        case Cause::step_not_incremented:
        case Cause::schedule_per_rank:
            return by_turns(cause, window);
        case Cause::clip_disabled:
        case Cause::norm_misses_shards:
        case Cause::clip_local_norm:
        case Cause::norm_counts_replicas:
        case Cause::clip_per_micro:
        case Cause::clip_before_reduce:
        case Cause::clip_scaled_gradients:
        case Cause::log_local_norm:
            return by_clip(cause, window);
        case Cause::log_last_micro_loss:
            return tells(has_other_last_mean(layout), Reporting::last_micro);
        case Cause::log_loss_over_accum:
            return tells(any_scored(layout, accumulates), Reporting::over_accum);
        case Cause::log_scaled_loss:
            return tells(any_scored(layout, is_scored), Reporting::scaled);
        case Cause::empty_micro_counted:
            return Prediction{.weights = ones, .not_a_number = has_empty_micro(layout)};
        case Cause::batch_coupled:  // no weights say what it leaves
        case Cause::unknown:
            return std::nullopt;
        default:
            broken_promise("cause", "unknown cause", __FILE__, __LINE__);
    }
}

}  // namespace isobatch
