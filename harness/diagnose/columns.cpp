#include "diagnose/columns.h"

#include <algorithm>
#include <functional>

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
