#include <utility>

#include "plan/fault.h"
#include "plan/power.h"

namespace isobatch {

namespace {

/// One that is decided micro by micro.
template <MicroRule rule>
FaultEntry of_micros(const char* id, Cause cause, std::vector<Check> red) {
    return {.id = id, .cause = cause, .red = std::move(red), .power = any_micro<rule>, .touches = rule};
}

/// Of norms, denominators and factors.
std::vector<FaultEntry> faults_of_numbers() {
    using enum Check;
    const std::vector<Check> update{norm, param, opt};
    return {
        {"clip-disabled", Cause::clip_disabled, {norm, param, opt}, any<is_clipped>},
        {"norm-misses-shards", Cause::norm_misses_shards, {norm}, any<has_norm>, {param, opt}},
        {"clip-local-norm", Cause::clip_local_norm, {norm}, any<has_norm>, {param, opt}},
        {"clip-per-micro", Cause::clip_per_micro, {grad}, any<has_norm_of_several_turns>, update, false},
        {"clip-before-reduce", Cause::clip_before_reduce, {grad}, any<has_norm_on_several_places>, update, false},
        {"clip-scaled-gradients", Cause::clip_scaled_gradients, {norm, param}, any<has_norm>, {opt}},
        {"log-local-norm", Cause::log_local_norm, {norm}, any<has_norm_on_several_places>, {}, true, false},
        {"norm-counts-replicas", Cause::norm_counts_replicas, {norm}, any<has_norm_on_several_ranks>, {param, opt}},
        {"nominal-count-dynamic-batching",
         Cause::nominal_count_dynamic_batching,
         {grad, loss},
         any<has_unequal_share_of_fewer>,
         {},
         true,
         false},
        {"empty-micro-counted", Cause::empty_micro_counted, {loss}, any<has_empty_micro>, {grad, norm}},
        {"re-reduced-sum", Cause::re_reduced_sum, {grad}, any<reduces_a_unit_again>},
    };
}

/// Of what only some trainers have: a count of steps, weight decay, a scaled loss, a loss of several terms, a layer
/// that is used twice, random masks.
std::vector<FaultEntry> faults_of_parts() {
    using enum Check;
    const Needs counts{.optimizer = "adamw"}, scale{.recipe = Recipe::fp16_autocast}, terms{.subject = "tasks"},
        twice{.subject = "shared-layer"}, masks{.subject = "dropout"}, statistics{.subject = "batch-norm"},
        groups{.subject = "grouped"};
    constexpr Cause unnamed = Cause::unknown;  // what they leave is in no span of the samples' gradients
    const auto of = [](FaultEntry entry, Needs needs, const char* what = "", const char* where = "") {
        entry.needs = std::move(needs);
        entry.meaning = what;
        entry.seen_in = where;
        return entry;
    };
    return {
        of({"adam-count-per-micro", Cause::adam_count_per_micro, {opt}, any<counts_steps_of_several_turns>, {param}},
           counts),
        of({"step-not-incremented", Cause::step_not_incremented, {opt}, any<counts_steps>}, counts),
        of({.id = "adam-state-lost",
            .cause = Cause::adam_state_lost,
            .red = {opt},
            .power = any_lost_count,
            .may = {param, trajectory},
            .timed = false},
           {.optimizer = "adamw", .restart_in = 1}),
        of({"decay-lost-when-accumulating",
            Cause::decay_lost_when_accumulating,
            {param},
            any<has_several_turns>,
            {opt},
            false},
           counts),
        of({"inf-not-skipped", Cause::inf_not_skipped, {param}, any<is_loss_scaled>}, scale),
        of({"statistics-moved-twice", Cause::statistics_moved_twice, {buffers}, any_window}, statistics),
        of({"statistics-of-evaluation", Cause::statistics_of_evaluation, {buffers}, any_window}, statistics),
        of({"regulariser-per-micro", Cause::regulariser_per_micro, {grad, loss}, any<has_several_micros>}, terms),
        of({"label-smoothing-local-mean", unnamed, {grad, loss}, any_micro<is_not_the_whole>}, terms,
           "The part of the loss that smooths the labels is averaged in each micro-batch, beside one that is divided "
           "by "
           "the window's units.",
           "transformers#47261"),
        of({"layer-used-twice-overwrites", unnamed, {grad}, any_micro<is_scored>}, twice,
           "Of a layer that is applied twice only one application's gradient is kept.", "Megatron-LM#6965"),
        of({"correlated-dropout", unnamed, {grad, loss}, any_micro<is_not_the_first>}, masks,
           "Every micro-batch of every device draws the same random masks.", "transformers#31412"),
        of({.id = "group-normalised-in-slice",
            .cause = unnamed,
            .red = {grad, loss},
            .power = any<has_several_micros>,
            .certain = false},  // whether a cut parts a group that has a scored token
           groups,
           "Rewards are normalised within the part of their group that a micro-batch holds, instead of the whole "
           "group.",
           "AReaL#1419"),
    };
}

/// Of a GPU's kernels. What they leave is rounding: more of it, or another each time, of which an identity can say no
/// more than that nothing can be said.
std::vector<FaultEntry> faults_of_kernels() {
    using enum Check;
    FaultEntry tf32{"tf32-on", Cause::unknown, {grad}, any<is_computed_in_fp32>, {loss}, false};
    tf32.needs = {.recipe = Recipe::fp32, .device = "cuda"};
    tf32.meaning = "Products of fp32 numbers are rounded to the 11 bits of TF32 where fp32 was promised.";
    tf32.seen_in = "PyTorch's note on CUDA semantics: on by default for products up to 1.11";
    FaultEntry atomics{"nondeterministic-scatter", std::nullopt, {}, nowhere, {identity}};
    atomics.needs = {.subject = "gpt", .identities = "all", .device = "cuda"};
    atomics.meaning = "An embedding's gradients are added by atomics, in another order each time.";
    atomics.seen_in = "pytorch#187682";
    return {tf32, atomics};
}

/// Of what a micro weighs.
std::vector<FaultEntry> faults_of_micros() {
    using enum Check;
    return {
        of_micros<has_unequal_share>("token-mean-of-means", Cause::token_mean_of_means, {grad, loss}),
        of_micros<accumulates>("missing-accum-division", Cause::missing_accum_division, {grad, loss}),
        of_micros<accumulates>("double-division", Cause::double_division, {grad}),
        of_micros<accumulates>("divide-after-backward", Cause::divide_after_backward, {grad}),
        of_micros<has_unequal_share_of_samples>("sample-share-on-token-mean", Cause::sample_share_on_token_mean,
                                                {grad, loss}),
        of_micros<is_not_a_unit_a_sample>("sample-vs-token-contract", Cause::sample_vs_token_contract, {grad, loss}),
        of_micros<is_of_short_turn>("short-window-nominal-accum", Cause::short_window_nominal_accum, {grad, loss}),
        of_micros<is_padded>("padded-tokens-counted", Cause::padded_tokens_counted, {grad, loss}),
        of_micros<is_one_of_several_units>("n-minus-one", Cause::n_minus_one, {grad, loss}),
        of_micros<is_on_part_of_the_units>("unconditional-world-factor", Cause::unconditional_world_factor,
                                           {grad, loss}),
        of_micros<is_not_a_unit_a_place>("sum-never-divided", Cause::sum_never_divided, {grad, loss}),
        of_micros<is_before_the_last>("last-backward-survives", Cause::last_backward_survives, {grad}),
        of_micros<is_after_the_first>("first-backward-survives", Cause::first_backward_survives, {grad}),
        of_micros<is_before_a_new_shape>("cleared-at-new-shape", Cause::cleared_at_new_shape, {grad}),
        of_micros<is_not_a_unit_a_sample>("unpredicted-position-counted", Cause::unpredicted_position_counted,
                                          {grad, loss}),
        {"cut-to-shortest", Cause::cut_to_shortest, {grad, loss}, any_micro<is_of_unequal_rows>},
        of_micros<is_scored>("unscale-without-scale", Cause::unscale_without_scale, {grad}),
        of_micros<is_on_unequal_rank>("rank-local-denominator", Cause::rank_local_denominator, {grad, loss}),
        of_micros<is_in_tail_of_unequal_rank>("uneven-ranks-equal-weight", Cause::uneven_ranks_equal_weight,
                                              {grad, loss}),
        of_micros<is_on_unequal_level>("average-count-per-micro", Cause::average_count_per_micro, {grad, loss}),
        of_micros<is_exchanged>("no-world-compensation", Cause::no_world_compensation, {grad, loss}),
        of_micros<is_copied>("wrong-group-divisor", Cause::wrong_group_divisor, {grad, loss}),
    };
}

/// Of which samples a window holds.
std::vector<FaultEntry> faults_of_samples() {
    using enum Check;
    const std::vector<Check> values{grad, loss, norm, param, opt}, wherever{step, grad, loss, norm, param, opt};
    constexpr auto uneven = any<has_uneven_places>;
    return {
        {"epoch-tail-dropped",
         Cause::epoch_tail_dropped,
         {data, step},
         any<is_ragged>,
         {events, param, opt},
         true,
         false},
        {"same-batch-repeated", Cause::same_batch_repeated, {data}, any<has_several_turns>, wherever, true, false},
        {"per-rank-sampler-seed", Cause::per_rank_sampler_seed, {data}, any<has_later_place>, wherever, true, false},
        {"epoch-not-set", Cause::epoch_not_set, {data}, any_other_epoch, wherever, true, false},
        {"sampler-padding-duplicates", Cause::sampler_padding_duplicates, {data}, uneven, wherever, true, false},
        {"ragged-rank-streams", Cause::ragged_rank_streams, {data}, uneven, wherever, true, false},
        {"truncated-after-retry", Cause::truncated_after_retry, {data}, any<has_several_turns>, wherever, true, false},
        {"resume-skips-updates",
         Cause::resume_skips_updates,
         {data},
         any_skipped_anew,
         wherever,
         true,
         false,
         nullptr,
         {.restart_in = 1}},
        {"resume-wrong-permutation",
         Cause::resume_wrong_permutation,
         {data},
         any_other_permutation,
         wherever,
         true,
         false,
         nullptr,
         {.restart_in = 2}},
        {"accumulation-off", Cause::accumulation_off, {data, step}, any<has_several_turns>, values, true, false},
    };
}

/// Of when something happens, and with which ranks and bits.
std::vector<FaultEntry> faults_of_events() {
    using enum Check;
    const std::vector<Check> update{norm, param, opt};
    return {
        {"zero-grad-in-window", Cause::zero_grad_in_window, {events, grad}, any_micro<is_before_the_last>},
        {"not-zeroed-after-step", Cause::not_zeroed_after_step, {events, grad}, any_earlier_window, {}, true, false},
        {"epoch-tail-extra-step", Cause::epoch_tail_extra_step, {events, step}, any<is_ragged>, update},
        {"step-lost-grads-wiped", Cause::step_lost_grads_wiped, {events, step}, any<is_ragged>, update},
        {"schedule-per-micro", Cause::schedule_per_micro, {step}, any<has_several_turns>, {param, opt}},
        {"ema-per-micro", Cause::ema_per_micro, {step}, any<averages_several_turns>, {opt}},
        {"schedule-per-rank", Cause::schedule_per_rank, {step}, any<has_several_places>, {param, opt}},
        {"schedule-horizon", Cause::schedule_horizon, {step}, any_other_horizon, {param, opt}, true, false},
        {"log-last-micro-loss", Cause::log_last_micro_loss, {loss}, any<has_other_last_mean>},
        {"log-loss-over-accum", Cause::log_loss_over_accum, {loss}, any_micro<accumulates>},
        {"log-scaled-loss", Cause::log_scaled_loss, {loss}, any_micro<is_scored>},
        {"sum-over-devices", Cause::sum_over_devices, {grad}, any_micro<is_exchanged>, {}, true, false},
        {"never-synced", Cause::never_synced, {grad}, any_micro<is_exchanged>, {param, opt}},
        {"no-sync-off-by-one", Cause::no_sync_off_by_one, {events, grad}, any<exchanges_several_micros>},
        {"reduced-once", Cause::reduced_once, {events, grad}, any<exchanges_several_micros>},
        {"scaled-before-wait", Cause::scaled_before_wait, {grad}, any_micro<is_exchanged>, {}, true, false},
        {"two-level-order", Cause::two_level_order, {grad}, any<has_unit_before_the_last_of_all>, {}, true, false},
        {.id = "no-sync-around-backward",
         .cause = std::nullopt,
         .red = {},
         .power = nowhere,
         .meaning = "The exchange is switched off around the backward alone, so that every micro-batch is exchanged: "
                    "right values, accum times the traffic.",
         .seen_in = "the manual of DDP's no_sync, which asks for the forward inside"},
        {"replicated-partial", Cause::replicated_partial, {grad}, any_micro<is_exchanged>, {param, opt}, true, false},
        {"bf16-accumulator", Cause::bf16_accumulator, {grad}, any_sum_of_few_bits, {}, true, false},
        {"bf16-reduction", Cause::bf16_reduction, {grad}, any_exchange_of_few_bits, {}, true, false},
        {.id = "fp16-sum-overflow",
         .cause = Cause::unknown,
         .red = {grad},
         .power = any<is_exchanged_wide>,
         .timed = false,
         .meaning = "The devices' gradients are summed in fp16 and divided afterwards, so that large ones overflow.",
         .seen_in = "pytorch#57410"},
        {"master-weights-lost", Cause::master_weights_lost, {param}, any_window, {trajectory}, false, false},
    };
}

}  // namespace

const std::vector<FaultEntry>& fault_catalogue() {
    static const std::vector<FaultEntry> entries = [] {
        std::vector<FaultEntry> all = faults_of_numbers();
        for (const auto more :
             {faults_of_micros, faults_of_samples, faults_of_events, faults_of_parts, faults_of_kernels})
            for (FaultEntry& entry : more()) all.push_back(std::move(entry));
        return all;
    }();
    return entries;
}

}  // namespace isobatch
