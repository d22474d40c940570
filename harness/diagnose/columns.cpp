#include "diagnose/columns.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <span>

namespace isobatch {

namespace {

/// Earlier gradients that are told apart; what is older than this is one column, their sum, as an accumulator that
/// nobody clears holds it.
constexpr std::size_t most_stale = 6;
/// Where the norm is clipped, so are they, each as often as there were steps since: no sum of them has one weight.
constexpr std::size_t most_stale_clipped = 24;

}  // namespace

void append(std::vector<double>& column, const Tensor& part, double scale) {
    for (const double value : as_doubles(part, "gradient")) column.push_back(value * scale);
}

namespace {

/// One column for each kind: the sum of those that these indices name.
SourceColumns merged(SourceColumns& all, const std::vector<std::vector<std::size_t>>& kinds) {
    SourceColumns sums;
    for (const std::vector<std::size_t>& kind : kinds) {
        sums.parts.push_back(std::move(all.parts[kind[0]]));
        sums.columns.push_back(std::move(all.columns[kind[0]]));
        for (const std::size_t k : std::span(kind).subspan(1)) {
            sums.parts.back().insert(sums.parts.back().end(), all.parts[k].begin(), all.parts[k].end());
            for (std::size_t j = 0; j < all.columns[k].size(); ++j) sums.columns.back()[j] += all.columns[k][j];
        }
    }
    return sums;
}

}  // namespace

SourceColumns sample_columns(const WindowScale& scale, const std::vector<std::size_t>& tensors,
                             const std::vector<double>& row_scale) {
    SourceColumns all;
    for (std::size_t i = 0; i < scale.samples.size(); ++i) {
        const bool silent = std::all_of(tensors.begin(), tensors.end(),
                                        [&](std::size_t t) { return scale.tensors[t].sample_peaks[i] == 0; });
        if (silent) continue;
        all.parts.push_back({{i}});
        all.columns.emplace_back();
        const double factor = scale.share_factors.empty() ? 1 : scale.share_factors[i];
        for (std::size_t k = 0; k < tensors.size(); ++k)
            append(all.columns.back(), scale.shares[i][tensors[k]], factor * row_scale[k]);
    }
    return all;
}

SourceColumns unit_columns(const WindowScale& scale, const std::vector<std::size_t>& tensors,
                           const std::vector<double>& row_scale) {
    SourceColumns all;
    for (std::size_t i = 0; i < scale.unit_shares.size(); ++i) {
        std::vector<std::vector<double>> columns(static_cast<std::size_t>(scale.sample_units[i]));
        for (std::size_t k = 0; k < tensors.size() && !columns.empty(); ++k) {
            const std::vector<double> block = as_doubles(scale.unit_shares[i][tensors[k]], "gradient");
            const std::size_t size = block.size() / columns.size();
            for (std::size_t j = 0; j < block.size(); ++j) columns[j / size].push_back(block[j] * row_scale[k]);
        }
        for (std::size_t unit = 0; unit < columns.size(); ++unit) {
            const auto moves = [](double value) { return value != 0; };
            if (std::none_of(columns[unit].begin(), columns[unit].end(), moves)) continue;
            all.parts.push_back({{i, unit}});
            all.columns.push_back(std::move(columns[unit]));
        }
    }
    return all;
}

void merge_alike(SourceColumns& all) {
    const auto alike = [&](std::size_t a, std::size_t b) {
        return std::equal(all.columns[a].begin(), all.columns[a].end(), all.columns[b].begin(),
                          [](double x, double y) { return std::abs(x - y) <= 1; });
    };
    std::vector<std::vector<std::size_t>> kinds;
    for (std::size_t k = 0; k < all.columns.size(); ++k) {
        const auto same = std::find_if(kinds.begin(), kinds.end(), [&](const auto& kind) { return alike(kind[0], k); });
        if (same == kinds.end())
            kinds.push_back({k});
        else
            same->push_back(k);
    }
    if (kinds.size() < all.columns.size()) all = merged(all, kinds);
}

void merge_micros(SourceColumns& all, const std::vector<int>& micro_of) {
    std::map<int, std::vector<std::size_t>> micros;
    for (std::size_t k = 0; k < all.columns.size(); ++k) micros[micro_of[all.parts[k].front().sample]].push_back(k);
    std::vector<std::vector<std::size_t>> kinds;
    for (auto& [micro, columns] : micros) kinds.push_back(std::move(columns));
    all = merged(all, kinds);
}

std::vector<std::vector<double>> stale_columns(const Yardstick& yardstick, std::size_t w,
                                               const std::vector<std::size_t>& tensors,
                                               const std::vector<double>& row_scale) {
    const std::size_t most = yardstick.windows[w].clip_threshold ? most_stale_clipped : most_stale;
    std::vector<std::vector<double>> columns;
    for (std::size_t earlier = 0; earlier < w; ++earlier) {
        std::vector<double> column;
        for (std::size_t k = 0; k < tensors.size(); ++k)
            append(column, yardstick.windows[earlier].gradients[tensors[k]], row_scale[k]);
        if (earlier > 0 && earlier + most < w)
            std::transform(column.begin(), column.end(), columns[0].begin(), columns[0].begin(), std::plus<>());
        else
            columns.push_back(std::move(column));
    }
    return columns;
}

std::vector<double> term_column(const WindowScale& scale, const std::vector<Tensor>& parts,
                                const std::vector<std::size_t>& tensors, const std::vector<double>& row_scale) {
    std::vector<double> column;
    for (std::size_t k = 0; k < tensors.size(); ++k)
        if (const Tensor& part = parts[tensors[k]]; !part.bytes.empty())
            append(column, part, row_scale[k]);
        else
            column.resize(column.size() + scale.tensors[tensors[k]].truth.count());
    return column;
}

}  // namespace isobatch
