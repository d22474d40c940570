#pragma once

#include <string>

namespace isobatch {

/// The constants of the bound `observed <= fail · (E + u · A)`, for every real-valued tensor and loss.
///
/// E is the worst error of trusted splits in the same recipe, A the largest entry of the sum over samples of |share in
/// the gradient|. On LibTorch 2.11 the ratio observed / (E + u·A) of clean runs was at most 2.31 over 1,254 fp32 cases,
/// and the smallest planted fault gave 3,500. tests/run/calibration_test.cpp measures it again here and prints the
/// histogram.
inline constexpr double fail_factor = 64;
/// Above this a clean run has not been seen; the answer is "inconclusive" until another baseline explains it.
inline constexpr double suspect_factor = 8;
/// A is floored at this share of the largest A of the window: a structurally zero gradient (an attention key bias) has
/// noise from its neighbours' size, and u·A alone would alarm at 10^15.
inline constexpr double magnitude_floor = 0x1p-10;

/// An allowed distance with its reason: factor · (E + u · A).
struct Tolerance {
    double error = 0;          ///< E
    double unit_roundoff = 0;  ///< u
    double magnitude = 0;      ///< A, floored
    double factor = fail_factor;

    double allowed() const { return factor * (error + unit_roundoff * magnitude); }
    bool operator==(const Tolerance&) const = default;
};

/// `64 · (E 3.1e-07 + u·A 2.2e-07)`
std::string to_string(const Tolerance& tolerance);

/// observed ÷ allowed: 0 for an exact match even where nothing is allowed, infinite for a difference there.
double margin_of(double observed, const Tolerance& tolerance);

}  // namespace isobatch
