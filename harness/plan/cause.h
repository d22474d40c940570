#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace isobatch {

/// What a trace can show to be wrong. A new cause does not compile until it has its texts, in causes_of_weights.h or
/// causes_beside_weights.h, and fails the tests until diagnose/predict knows what it leaves.
enum class Cause {
    token_mean_of_means,
    missing_accum_division,
    zero_grad_in_window,
    not_zeroed_after_step,
    epoch_tail_dropped,
    rank_local_denominator,
    uneven_ranks_equal_weight,
    average_count_per_micro,
    no_world_compensation,
    sum_over_devices,
    never_synced,
    no_sync_off_by_one,
    reduced_once,
    scaled_before_wait,
    replicated_partial,
    wrong_group_divisor,
    two_level_order,
    double_division,
    divide_after_backward,
    sample_share_on_token_mean,
    sample_vs_token_contract,
    short_window_nominal_accum,
    padded_tokens_counted,
    n_minus_one,
    unconditional_world_factor,
    sum_never_divided,
    last_backward_survives,
    first_backward_survives,
    cleared_at_new_shape,
    unpredicted_position_counted,
    cut_to_shortest,
    unscale_without_scale,
    re_reduced_sum,
    nominal_count_dynamic_batching,
    same_batch_repeated,
    per_rank_sampler_seed,
    epoch_not_set,
    sampler_padding_duplicates,
    ragged_rank_streams,
    truncated_after_retry,
    accumulation_off,
    resume_skips_updates,
    resume_wrong_permutation,
    epoch_tail_extra_step,
    step_lost_grads_wiped,
    schedule_per_micro,
    schedule_per_rank,
    ema_per_micro,
    adam_count_per_micro,
    step_not_incremented,
    adam_state_lost,
    decay_lost_when_accumulating,
    inf_not_skipped,
    statistics_moved_twice,
    statistics_of_evaluation,
    schedule_horizon,
    log_last_micro_loss,
    log_loss_over_accum,
    log_scaled_loss,
    bf16_accumulator,
    bf16_reduction,
    master_weights_lost,
    clip_disabled,
    norm_misses_shards,
    clip_local_norm,
    norm_counts_replicas,
    clip_per_micro,
    clip_before_reduce,
    clip_scaled_gradients,
    log_local_norm,
    empty_micro_counted,
    regulariser_per_micro,
    batch_coupled,
    unknown,
};

inline constexpr auto all_causes = [] {
    std::array<Cause, static_cast<std::size_t>(Cause::unknown) + 1> causes{};
    for (std::size_t i = 0; i < causes.size(); ++i) causes[i] = static_cast<Cause>(i);
    return causes;
}();

/// `token-mean-of-means` …
std::string to_string(Cause cause);
Cause parse_cause(std::string_view text);

/// Whether it is about devices: where there is one, nothing is named after it.
bool concerns_devices(Cause cause);

/// Whether it rounds what it leaves, so that no weights explain the gradient.
constexpr bool concerns_bits(Cause cause) {
    return cause == Cause::bf16_accumulator || cause == Cause::bf16_reduction;
}

/// Whether the model is the reason, and no loop: there is no fault to plant for it, but a case.
constexpr bool concerns_the_model(Cause cause) {
    return cause == Cause::batch_coupled;
}

/// What went wrong, as a sentence.
std::string meaning(Cause cause);

/// The weights that it gives, as a formula over the counts of the window.
std::string formula(Cause cause);

/// What to change, in at most two sentences.
std::string remedy(Cause cause);

/// Public threads where it was seen.
std::string precedent(Cause cause);

}  // namespace isobatch
