/// Faults of what a micro's loss is divided by.
#include "cases/faults/faults.h"

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
    if (id == "wrong-group-divisor") {
        // The average over the data-parallel group is undone with its size; the copies are taken for part of it.
        setup.decisions.divisor = [](const Window& window, const Slice&) {
            return window.denominator() / window.mesh.places * window.mesh.copies;
        };
        return true;
    }
    return false;
}

}  // namespace isobatch
