/// Faults of what a micro's loss is divided by.
#include "cases/faults/faults.h"
#include "cases/faults/held.h"
#include "plan/power.h"

namespace isobatch {

namespace {

/// A count that something is divided by: nothing scored has a mean of 0.
double counted(double units) {
    return units > 0 ? units : 1;
}

double rank_local(const Window& window, const Slice& micro) {
    double units = 0;
    for (const Slice& other : window.micros) units += other.place == micro.place ? window.units_of(other) : 0;
    return counted(units);
}

/// The mean over the ranks of what their micros of this index hold, times the micros of a rank.
double averaged_count(const Window& window, const Slice& micro) {
    double units = 0;
    for (const Slice& other : window.micros) units += other.micro == micro.micro ? window.units_of(other) : 0;
    return counted(units) / window.mesh.places * static_cast<double>(window.most_micros());
}

/// What was counted is not the window's units.
bool plant_count(const std::string& id, Decisions& decide) {
    const auto counts = [&](auto count) {
        decide.divisor = [count](const Window& window, const Slice& micro) {
            return count(window, micro) / window.mesh.places;
        };
        return true;
    };
    if (id == "sample-share-on-token-mean")
        return counts([](const Window& window, const Slice& micro) {
            return counted(window.units_of(micro)) * static_cast<double>(window.samples.size()) /
                   static_cast<double>(micro.size());
        });
    if (id == "sample-vs-token-contract")
        return counts([](const Window& window, const Slice&) { return static_cast<double>(window.samples.size()); });
    if (id == "n-minus-one")
        return counts([](const Window& window, const Slice&) { return counted(window.units - 1); });
    if (id == "padded-tokens-counted")
        return counts([](const Window& window, const Slice&) { return counted(window.padded_units); });
    if (id == "unpredicted-position-counted")  // one a sample, where units are positions
        return counts([](const Window& window, const Slice&) {
            const auto samples = static_cast<double>(window.samples.size());
            return window.units == samples ? samples : counted(window.units + samples);
        });
    if (id == "empty-micro-counted")  // 0/0
        return counts([](const Window& window, const Slice& micro) {
            return window.units_of(micro) > 0 ? window.denominator() : 0;
        });
    if (id == "unconditional-world-factor") return counts(rank_local);
    if (id == "sum-never-divided")
        return counts([](const Window& window, const Slice&) { return double(window.mesh.places); });
    return false;
}

/// The gradient is scaled once more than the reported loss.
bool plant_factor(const std::string& id, Decisions& decide) {
    const auto micros = [](const Window& window, const Slice& micro) {
        return static_cast<double>(window.micros_on(micro.place));
    };
    if (id == "double-division") {
        decide.arrives = [micros](const Window& window, const Slice& micro) { return 1 / micros(window, micro); };
    } else if (id == "divide-after-backward") {
        decide.arrives = micros;
    } else if (id == "unscale-without-scale") {
        decide.arrives = [](const Window&, const Slice&) { return 1 / first_loss_scale; };
    } else {
        return false;
    }
    return true;
}

/// The lightest pair of each place's micros becomes one, as under a budget of tokens.
void cut_anew(const Setup& setup, Window& window) {
    Places places = places_of(window);
    for (auto& [place, micros] : places) {
        if (micros.size() < 2) continue;
        std::vector<double> units;
        for (const auto& micro : micros) {
            units.push_back(0);
            for (const std::int64_t sample : micro) units.back() += setup.data.units[static_cast<std::size_t>(sample)];
        }
        const auto first = micros.begin() + static_cast<std::ptrdiff_t>(lightest_pair(units));
        first->insert(first->end(), first[1].begin(), first[1].end());
        micros.erase(first + 1);
    }
    hold(window, places);
}

}  // namespace

bool plant_denominator(const std::string& id, Setup& setup) {
    if (id == "token-mean-of-means") {
        // The mean of each micro, then the mean over the window's micros. A micro without a unit has a mean of 0.
        setup.decisions.divisor = [](const Window& window, const Slice& micro) {
            const double micros = static_cast<double>(window.micros.size()) / window.mesh.places;
            return counted(window.units_of(micro)) * micros;
        };
        return true;
    }
    if (id == "missing-accum-division") {
        setup.decisions.divisor = [](const Window& window, const Slice& micro) {
            return window.denominator() / window.mesh.places / static_cast<double>(window.micros_on(micro.place));
        };
        return true;
    }
    if (id == "rank-local-denominator") {
        setup.decisions.divisor = rank_local;
        return true;
    }
    if (id == "uneven-ranks-equal-weight") {
        const auto effective = static_cast<std::size_t>(setup.trial.split.effective());
        setup.decisions.divisor = [right = setup.decisions.divisor, effective](const auto& window, const auto& micro) {
            return window.samples.size() < effective ? rank_local(window, micro) : right(window, micro);
        };
        return true;
    }
    if (id == "average-count-per-micro") {
        setup.decisions.divisor = averaged_count;
        return true;
    }
    if (id == "no-world-compensation") {
        setup.decisions.divisor = [](const Window& window, const Slice&) { return window.denominator(); };
        return true;
    }
    if (id == "short-window-nominal-accum") {
        const auto accum = static_cast<double>(setup.trial.split.accum);
        setup.decisions.divisor = [right = setup.decisions.divisor, accum](const auto& window, const auto& micro) {
            return right(window, micro) * accum / static_cast<double>(window.micros_on(micro.place));
        };
        return true;
    }
    if (id == "nominal-count-dynamic-batching") {
        setup.decisions.picks = cut_anew;
        setup.decisions.divisor = [accum = static_cast<double>(setup.trial.split.accum)](const auto& window,
                                                                                         const auto& micro) {
            return counted(window.units_of(micro)) * accum;
        };
        return true;
    }
    if (id == "wrong-group-divisor") {
        // The average over the data-parallel group is undone with its size; the copies are taken for part of it.
        setup.decisions.divisor = [](const Window& window, const Slice&) {
            return window.denominator() / window.mesh.places * window.mesh.copies;
        };
        return true;
    }
    return plant_count(id, setup.decisions) || plant_factor(id, setup.decisions);
}

}  // namespace isobatch
