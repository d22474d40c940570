#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "diagnose/examine.h"
#include "plan/cause.h"
#include "plan/isobatch.h"
#include "tests/judge/synthetic.h"

namespace isobatch {

/// The causes that can be named.
inline std::vector<Cause> known_causes() {
    return {all_causes.begin(), all_causes.end() - 1};
}

/// Those that a synthetic trainer can have: of the weights of samples, clears, exchanges and bits. What cuts a window
/// or a sample anew, or is wrong in the ledger or in a count of steps, our own loop has in tests/cases/faults.
inline std::vector<Cause> synthetic_causes() {
    std::vector<Cause> causes;
    for (const Cause cause : known_causes())
        if ((cause < Cause::same_batch_repeated && cause != Cause::nominal_count_dynamic_batching &&
             cause != Cause::cut_to_shortest) ||
            concerns_bits(cause))
            causes.push_back(cause);
    return causes;
}

/// Of them, those that are read from weights.
inline std::vector<Cause> causes_of_weights() {
    std::vector<Cause> causes = synthetic_causes();
    std::erase_if(causes, concerns_bits);
    return causes;
}

inline SyntheticLoop dividing_by(double (*count)(const WindowLayout&, const MicroCount&)) {
    SyntheticLoop loop;
    loop.divisor = [count](const WindowLayout& window, const MicroCount& micro, double devices) {
        return count(window, micro) / devices;
    };
    return loop;
}

inline SyntheticLoop arriving(double (*share)(const WindowLayout&, const MicroCount&)) {
    SyntheticLoop loop;
    loop.arrives = share;
    return loop;
}

inline std::vector<Split> all_splits() {
    return splits_of({.effective = 16});
}

inline double own_mean(const WindowLayout& window, const MicroCount& micro, double) {
    const double units = units_on(window, micro.rank);
    return units > 0 ? units : 1;
}

inline double own_mean_in_a_tail(const WindowLayout& window, const MicroCount& micro, double devices) {
    return window.ragged ? own_mean(window, micro, devices) : units_of(window) / devices;
}

/// The loops whose counts are wrong, or whose micros arrive as another share.
inline SyntheticLoop counting_loop(Cause cause) {
    switch (cause) {
        case Cause::double_division:
            return arriving([](const auto& window, const auto& micro) { return 1.0 / micros_on(window, micro.rank); });
        case Cause::divide_after_backward:
            return arriving([](const auto& window, const auto& micro) { return 1.0 * micros_on(window, micro.rank); });
        case Cause::last_backward_survives:
            return arriving([](const auto& window, const auto& micro) {
                return micro.micro + 1 == micros_on(window, micro.rank) ? 1.0 : 0.0;
            });
        case Cause::first_backward_survives:
            return arriving([](const auto&, const auto& micro) { return micro.micro == 0 ? 1.0 : 0.0; });
        case Cause::cleared_at_new_shape:
            return arriving([](const auto& window, const auto& micro) {
                for (const MicroCount& later : window.micros)
                    if (later.rank == micro.rank && later.micro > micro.micro &&
                        (later.samples != micro.samples || later.padded_units != micro.padded_units))
                        return 0.0;
                return 1.0;
            });
        case Cause::sample_share_on_token_mean:
            return dividing_by([](const auto& window, const auto& micro) {
                const double mean = micro.units > 0 ? micro.units : 1;
                return mean * static_cast<double>(samples_of(window)) / static_cast<double>(micro.samples);
            });
        case Cause::sample_vs_token_contract:
            return dividing_by([](const auto& window, const auto&) { return static_cast<double>(samples_of(window)); });
        case Cause::short_window_nominal_accum:
            return dividing_by([](const auto& window, const auto& micro) {
                return units_of(window) * window.accum / micros_on(window, micro.rank);
            });
        case Cause::padded_tokens_counted:
            return dividing_by([](const auto& window, const auto&) { return padded_units_of(window); });
        case Cause::unpredicted_position_counted:
            return dividing_by([](const auto& window, const auto&) {
                const double samples = static_cast<double>(samples_of(window)), units = units_of(window);
                return units == samples ? units : units + samples;
            });
        case Cause::unscale_without_scale:
            return arriving([](const auto&, const auto&) { return 1 / first_loss_scale; });
        case Cause::re_reduced_sum:
            return arriving([](const auto& window, const auto& micro) {
                return std::pow(window.mesh.places, most_micros(window) - 1 - micro.micro);
            });
        case Cause::n_minus_one:
            return dividing_by([](const auto& window, const auto&) { return units_of(window) - 1; });
        case Cause::unconditional_world_factor:
            return dividing_by([](const auto& window, const auto& micro) { return own_mean(window, micro, 1); });
        case Cause::sum_never_divided:
            return dividing_by([](const auto& window, const auto&) { return 1.0 * window.mesh.places; });
        default:  // of the ledger or of a count of steps, or unknown
            return {};
    }
}

inline double mean_of_each_micro(const WindowLayout& window, const MicroCount& micro, double devices) {
    const double micro_mean = micro.units > 0 ? micro.units : 1;
    return micro_mean * static_cast<double>(window.micros.size()) / devices;
}

inline double mean_of_each_turn(const WindowLayout& window, const MicroCount& micro, double devices) {
    const double units = units_at(window, micro.micro);
    return (units > 0 ? units : 1) / devices * most_micros(window);
}

/// The loop that has this fault, written as a trainer would write it.
inline SyntheticLoop loop_with(Cause cause) {
    SyntheticLoop loop;
    switch (cause) {
        case Cause::token_mean_of_means:
            loop.divisor = mean_of_each_micro;
            break;
        case Cause::missing_accum_division:
            loop.divisor = [](const WindowLayout& window, const MicroCount& micro, double devices) {
                return units_of(window) / devices / micros_on(window, micro.rank);
            };
            break;
        case Cause::rank_local_denominator:
            loop.divisor = own_mean;
            break;
        case Cause::uneven_ranks_equal_weight:
            loop.divisor = own_mean_in_a_tail;
            break;
        case Cause::average_count_per_micro:
            loop.divisor = mean_of_each_turn;
            break;
        case Cause::no_world_compensation:
            loop.divisor = [](const WindowLayout& window, const MicroCount&, double) { return units_of(window); };
            break;
        case Cause::sum_over_devices:
            loop.reduced_by = 1;
            break;
        case Cause::never_synced:
            loop.exchanges = false;
            break;
        case Cause::no_sync_off_by_one:
            loop.exchanged_with = [](int micros) { return micros > 1 ? micros - 2 : 0; };
            break;
        case Cause::reduced_once:
            loop.exchanged_with = [](int) { return 0; };
            break;
        case Cause::scaled_before_wait:
            loop.keeps_own_part = true;
            break;
        case Cause::wrong_group_divisor:
            loop.divisor = [right = loop.divisor](const auto& window, const MicroCount& micro, double devices) {
                return right(window, micro, devices) * window.mesh.copies;
            };
            break;
        case Cause::two_level_order:
            loop.last_alone = true;
            break;
        case Cause::replicated_partial:
            loop.left_out = "weight";
            break;
        case Cause::zero_grad_in_window:
            loop.clears_before_micro = true;
            break;
        case Cause::not_zeroed_after_step:
            loop.clears_after_step = false;
            break;
        case Cause::epoch_tail_dropped:
            loop.trains_on_tail = false;
            break;
        case Cause::bf16_accumulator:
            loop.sums_in_bf16 = true;
            break;
        case Cause::bf16_reduction:
            loop.exchanges_in_bf16 = true;
            break;
        default:
            return counting_loop(cause);
    }
    return loop;
}

/// The records of one matrix whose candidates this loop made, as the worker and `isobatch judge` make them.
inline std::vector<Record> records_of(const Synthetic& matrix, const std::vector<Split>& splits,
                                      const SyntheticLoop& loop = {}) {
    Examiner examiner(yardstick_of(matrix.reference()));
    std::vector<Record> records;
    for (const Split& split : splits) {
        const Trial trial = matrix.trial(split);
        records.push_back(examiner.examine(matrix.candidate(split, loop), "isobatch check " + to_string(trial)));
    }
    return records;
}

inline std::vector<Record> records_of(const Synthetic& matrix, Cause cause) {
    return records_of(matrix, all_splits(), loop_with(cause));
}

}  // namespace isobatch
