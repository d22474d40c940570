#include "plan/fault.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "plan/power.h"

namespace isobatch {

namespace {

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
        {"token-mean-of-means", Cause::token_mean_of_means, {grad, loss}, any<unequal_units>},
        {"missing-accum-division", Cause::missing_accum_division, {grad, loss}, any<accumulates>},
        {"double-division", Cause::double_division, {grad}, any<accumulates>},
        {"divide-after-backward", Cause::divide_after_backward, {grad}, any<accumulates>},
        {"sample-share-on-token-mean",
         Cause::sample_share_on_token_mean,
         {grad, loss},
         any<has_unequal_share_of_samples>},
        {"sample-vs-token-contract", Cause::sample_vs_token_contract, {grad, loss}, any<has_units_but_samples>},
        {"short-window-nominal-accum", Cause::short_window_nominal_accum, {grad, loss}, any<has_short_turn>},
        {"padded-tokens-counted", Cause::padded_tokens_counted, {grad, loss}, any<has_units_but_padded>},
        {"n-minus-one", Cause::n_minus_one, {grad, loss}, any<has_several_units>},
        {"unconditional-world-factor", Cause::unconditional_world_factor, {grad, loss}, any<has_part_of_the_units>},
        {"sum-never-divided", Cause::sum_never_divided, {grad, loss}, any<has_units_but_places>},
        {"empty-micro-counted", Cause::empty_micro_counted, {loss}, any<has_empty_micro>, {grad, norm}},
        {"last-backward-survives", Cause::last_backward_survives, {grad}, any<has_unit_before_the_last>},
        {"first-backward-survives", Cause::first_backward_survives, {grad}, any<has_unit_after_the_first>},
        {"unpredicted-position-counted", Cause::unpredicted_position_counted, {grad, loss}, any<has_units_but_samples>},
        {"unscale-without-scale", Cause::unscale_without_scale, {grad}, any<has_units>},
        {"re-reduced-sum", Cause::re_reduced_sum, {grad}, any<reduces_a_unit_again>},
        {"rank-local-denominator", Cause::rank_local_denominator, {grad, loss}, any<has_unequal_ranks>},
        {"uneven-ranks-equal-weight", Cause::uneven_ranks_equal_weight, {grad, loss}, any<has_unequal_ranks_in_a_tail>},
        {"average-count-per-micro", Cause::average_count_per_micro, {grad, loss}, any<has_unequal_level>},
        {"no-world-compensation", Cause::no_world_compensation, {grad, loss}, any<exchanges_units>},
        {"wrong-group-divisor", Cause::wrong_group_divisor, {grad, loss}, any<copies_units>},
    };
}

/// Of when something happens, and with which samples, ranks and bits.
std::vector<FaultEntry> faults_of_events() {
    using enum Check;
    const std::vector<Check> update{norm, param, opt}, values{grad, loss, norm, param, opt},
        wherever{step, grad, loss, norm, param, opt};
    constexpr auto uneven = any<has_uneven_places>;
    return {
        {"zero-grad-in-window", Cause::zero_grad_in_window, {events, grad}, any<has_unit_before_the_last>},
        {"not-zeroed-after-step", Cause::not_zeroed_after_step, {events, grad}, any_earlier_window, {}, true, false},
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
        {"accumulation-off", Cause::accumulation_off, {data, step}, any<has_several_turns>, values, true, false},
        {"epoch-tail-extra-step", Cause::epoch_tail_extra_step, {events, step}, any<is_ragged>, update},
        {"step-lost-grads-wiped", Cause::step_lost_grads_wiped, {events, step}, any<is_ragged>, update},
        {"schedule-per-micro", Cause::schedule_per_micro, {step}, any<has_several_turns>, {param, opt}},
        {"ema-per-micro", Cause::ema_per_micro, {step}, any<averages_several_turns>, {opt}},
        {"schedule-per-rank", Cause::schedule_per_rank, {step}, any<has_several_places>, {param, opt}},
        {"schedule-horizon", Cause::schedule_horizon, {step}, any_other_horizon, {param, opt}, true, false},
        {"log-last-micro-loss", Cause::log_last_micro_loss, {loss}, any<has_other_last_mean>},
        {"log-loss-over-accum", Cause::log_loss_over_accum, {loss}, any<accumulates>},
        {"log-scaled-loss", Cause::log_scaled_loss, {loss}, any<has_units>},
        {"sum-over-devices", Cause::sum_over_devices, {grad}, any<exchanges_units>, {}, true, false},
        {"never-synced", Cause::never_synced, {grad}, any<exchanges_units>, {param, opt}},
        {"no-sync-off-by-one", Cause::no_sync_off_by_one, {events, grad}, any<exchanges_several_micros>},
        {"reduced-once", Cause::reduced_once, {events, grad}, any<exchanges_several_micros>},
        {"scaled-before-wait", Cause::scaled_before_wait, {grad}, any<exchanges_units>, {}, true, false},
        {"two-level-order", Cause::two_level_order, {grad}, any<has_unit_before_the_last_of_all>, {}, true, false},
        {"no-sync-around-backward", std::nullopt, {}, nowhere},
        {"replicated-partial", Cause::replicated_partial, {grad}, any<exchanges_units>, {param, opt}, true, false},
        {"bf16-accumulator", Cause::bf16_accumulator, {grad}, any_sum_of_few_bits, {}, true, false},
        {"bf16-reduction", Cause::bf16_reduction, {grad}, any_exchange_of_few_bits, {}, true, false},
        {"master-weights-lost", Cause::unknown, {param}, any_window, {trajectory}, false, false},
    };
}

}  // namespace

const std::vector<FaultEntry>& fault_catalogue() {
    static const std::vector<FaultEntry> entries = [] {
        std::vector<FaultEntry> all = faults_of_numbers();
        for (FaultEntry& entry : faults_of_events()) all.push_back(std::move(entry));
        return all;
    }();
    return entries;
}

std::vector<Check> green_checks(const FaultEntry& fault) {
    std::vector<Check> green;
    for (const Check check : all_checks)
        if (!asked_for(check) && std::find(fault.red.begin(), fault.red.end(), check) == fault.red.end() &&
            std::find(fault.may.begin(), fault.may.end(), check) == fault.may.end())
            green.push_back(check);
    return green;
}

const FaultEntry& find_fault(std::string_view id) {
    for (const FaultEntry& entry : fault_catalogue())
        if (entry.id == id) return entry;
    std::vector<std::string> known;
    for (const FaultEntry& entry : fault_catalogue()) known.push_back(entry.id);
    throw Error(fmt::format("unknown fault \"{}\"", printable(id)), "--fault",
                fmt::format("did you mean {}? Known: {}", nearest(id, known), joined(known, ", ")));
}

PlantedFault parse_fault(std::string_view text) {
    const std::size_t at = text.find('@');
    const PlantedFault fault{&find_fault(text.substr(0, at)),
                             at == std::string_view::npos ? Timing::always : parse_timing(text.substr(at + 1))};
    if (fault.timing != Timing::always && !fault.entry->timed)
        throw Error(fmt::format("{} is not decided window by window, so it cannot happen {}", fault.entry->id,
                                meaning(fault.timing)),
                    "--fault", fmt::format("give {} without a timing", fault.entry->id));
    return fault;
}

bool has_power(const PlantedFault& fault, const std::vector<WindowLayout>& windows) {
    if (fault.timing == Timing::always) return fault.entry->power(windows);
    std::vector<WindowLayout> some;
    std::copy_if(windows.begin(), windows.end(), std::back_inserter(some),
                 [&](const WindowLayout& window) { return acts(fault.timing, window.moment); });
    return fault.entry->power(some);
}

}  // namespace isobatch
