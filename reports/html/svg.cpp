#include "reports/html/svg.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "reports/escaped.h"

namespace isobatch {

namespace {

/// Tenths of a pixel, without a point where there are none.
std::string px(double value) {
    const double tenths = std::round(10 * value) / 10;
    return fmt::format("{:g}", tenths == 0 ? 0 : tenths);
}

std::string closed(std::string_view name, std::string_view title) {
    return title.empty() ? "/>" : fmt::format("><title>{}</title></{}>", escaped(title), name);
}

}  // namespace

std::string svg_rect(double x, double y, double width, double height, std::string_view kind, std::string_view title) {
    return fmt::format("<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"{}", kind, px(x), px(y),
                       px(width), px(height), closed("rect", title));
}

std::string svg_line(double x1, double y1, double x2, double y2, std::string_view kind) {
    return fmt::format("<line class=\"{}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>", kind, px(x1), px(y1), px(x2),
                       px(y2));
}

std::string svg_curve(const std::vector<std::pair<double, double>>& points, std::string_view kind) {
    std::string list;
    for (const auto& [x, y] : points) list += fmt::format("{}{},{}", list.empty() ? "" : " ", px(x), px(y));
    return fmt::format("<polyline class=\"{}\" points=\"{}\"/>", kind, list);
}

std::string svg_dot(double x, double y, std::string_view kind, std::string_view title) {
    return fmt::format("<circle class=\"{}\" cx=\"{}\" cy=\"{}\" r=\"3\"{}", kind, px(x), px(y),
                       closed("circle", title));
}

std::string svg_text(double x, double y, std::string_view text, std::string_view anchor) {
    return fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"{}\">{}</text>", px(x), px(y), anchor, escaped(text));
}

std::string svg(double width, double height, std::string_view label, const std::string& content) {
    return fmt::format(
        "<svg viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" role=\"img\" aria-label=\"{2}\">{3}</svg>",
        px(width), px(height), escaped(label), content);
}

std::vector<double> ticks(double low, double high, int parts) {
    if (!(high > low) || !std::isfinite(high - low)) return {low};
    const double rough = (high - low) / parts, power = std::pow(10, std::floor(std::log10(rough)));
    double step = 10 * power;
    for (const double round : {5.0, 2.0, 1.0})
        if (rough <= round * power * 1.0001) step = round * power;
    std::vector<double> values;
    for (double k = std::ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; ++k)
        values.push_back(k == 0 ? 0 : k * step);
    return values;
}

double Axis::at(double value) const {
    if (std::isnan(value) || !(high > low)) return from;
    return from + (to - from) * (std::clamp(value, low, high) - low) / (high - low);
}

}  // namespace isobatch
