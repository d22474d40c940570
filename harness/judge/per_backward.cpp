#include "judge/per_backward.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/listed.h"
#include "base/text.h"
#include "judge/judge.h"

namespace isobatch {

namespace {

/// A term is told from rounding where it is so many times as large.
constexpr double clear_factor = 8;

/// Calls visit(this split's difference, that of the run of single samples), each from the reference.
template <class Visit>
void each_difference(const WindowScale& window, const Step& step, Visit visit) {
    for (std::size_t t = 0; t < window.tensors.size(); ++t) {
        const TensorScale& scale = window.tensors[t];
        Block reference_memory, single_memory;
        std::size_t begin = 0;
        each_block(gradient_of(step, scale, 0), scale.name, [&](std::span<const double> own) {
            const auto reference = block_of(window.gradients[t], begin, reference_memory, scale.name),
                       single = block_of(window.one_by_one[t], begin, single_memory, scale.name);
            for (std::size_t j = 0; j < own.size(); ++j) visit(own[j] - reference[j], single[j] - reference[j], t);
            begin += own.size();
        });
    }
}

}  // namespace

std::string term_of_each_backward(const WindowScale& window, const Step& step) {
    const auto micros = static_cast<double>(step.micros.size()), most = static_cast<double>(window.samples.size()),
               least = static_cast<double>(window.micros);
    if (window.one_by_one.empty() || window.tensors.empty() || micros == most || micros == least) return {};
    double product = 0, squares = 0, own = 0, full = 0, missed = 0;
    std::vector<double> parts(window.tensors.size(), 0);
    each_difference(window, step, [&](double mine, double all, std::size_t t) {
        product += mine * all;
        squares += all * all;
        own = std::max(own, std::abs(mine));
        full = std::max(full, std::abs(all));
        parts[t] = std::max(parts[t], std::abs(mine));
    });
    const double share = squares > 0 ? product / squares : 0;
    each_difference(window, step, [&](double mine, double all, std::size_t) {
        missed = std::max(missed, std::abs(mine - share * all));
    });
    const Tolerance& tolerance = window.tensors[0].tolerance;
    const double rounding = window.suspect * tolerance.allowed();
    if (!(own > clear_factor * rounding) || !(missed <= 2 * rounding)) return {};  // the sum of two roundings
    const double added = (micros - least) / (most - least);
    const double divided = (1 / least - 1 / micros) / (1 / least - 1 / most);
    const double near = 1e-3 + 2 * rounding / full;
    std::vector<std::string> names;
    for (std::size_t t = 0; t < parts.size(); ++t)
        if (parts[t] > clear_factor * rounding) names.push_back(printable(window.tensors[t].name));
    const std::string where = names.size() == parts.size() ? "all parameters" : listed(names);
    if (std::abs(share - added) <= near)
        return fmt::format(
            "a term of its own is added with every backward, {} time(s) here and {} in the reference, to {}", micros,
            least, where);
    if (std::abs(share - divided) <= near)
        return fmt::format("a part of the gradient is divided by the number of backwards, {} here, in {}", micros,
                           where);
    return fmt::format(
        "the gradient differs by {:.4g} of the term by which that of single samples does, so that it depends on the "
        "split alone, in {}",
        share, where);
}

}  // namespace isobatch
