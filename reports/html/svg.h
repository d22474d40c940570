#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace isobatch {

/// Drawings as text, in pixels from the upper left. What a shape looks like is for the style to say, through its class;
/// a title is shown on hover. Text is escaped here.

std::string svg_rect(double x, double y, double width, double height, std::string_view kind,
                     std::string_view title = "");
std::string svg_line(double x1, double y1, double x2, double y2, std::string_view kind);
std::string svg_curve(const std::vector<std::pair<double, double>>& points, std::string_view kind);
std::string svg_dot(double x, double y, std::string_view kind, std::string_view title = "");
/// `anchor`: start, middle or end.
std::string svg_text(double x, double y, std::string_view text, std::string_view anchor);

/// The whole picture; `label` is what a screen reader says of it.
std::string svg(double width, double height, std::string_view label, const std::string& content);

/// Round values that cut [low, high] into about so many parts.
std::vector<double> ticks(double low, double high, int parts);

/// Places a value between two pixels; what lies beyond the ends is put on them.
struct Axis {
    double low = 0, high = 1;  ///< values
    double from = 0, to = 1;   ///< pixels
    double at(double value) const;
};

}  // namespace isobatch
