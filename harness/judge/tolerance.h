#pragma once

#include <string>

#include "plan/recipe.h"

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
/// The same where the arithmetic is narrower than the sum: most of a gradient's error is then in what each micro adds,
/// and trusted splits share it, so that E is most of what is allowed. u is a quarter of bf16's roundoff, 2^-8.
/// Clean runs had at most 1.45 over 3,870 gradients of gpt, mlp and lesson with effective batches of 8, 16 and 24,
/// and 1.79 in 285 cases of Python on LibTorch 2.11.
inline constexpr double narrow_fail_factor = 8;
inline constexpr double narrow_suspect_factor = 4;
inline constexpr double narrow_roundoff = 0x1p-10;
/// Of TF32 a quarter too: it rounds the factors of a product to 11 bits, and sums products in fp32.
inline constexpr double tf32_roundoff = 0x1p-13;

/// There the gradient's projection on the truth is bounded too, as |<g, t> / <t, t> - 1| <= fail · (E + u), E the worst
/// of the trusted splits': rounding has no direction, a wrong scale has only that one. Of the same gradients none had
/// more than 0.94. Of divisors N - 1 it finds 0.82 to 1 (gpt, N from 12 to 159) and 0.97 to 1 (mlp, 18 to 139), where
/// the bound above finds 0.02 to 0.32 and 0.07 to 0.59.
inline constexpr double scale_fail_factor = 4;
inline constexpr double scale_suspect_factor = 2;

/// Where the sum itself is narrow, u is its own: K additions round by at most K·u·A, so that 8·u·A covers 8 micros at
/// worst, and 64 that round independently; E, of a run with one sample a micro, has the rest. Clean splits had at most
/// 1.70 in bf16 and 1.87 in fp16 (250 each, of 60 random models with up to 48 samples); a mean of means has more than 8
/// in 0.78 and 0.98 of them. The constants of one recipe.
struct Bound {
    double unit_roundoff = 0, suspect = 0, fail = 0;
};
Bound bound_of(Recipe recipe);

/// A is floored at this share of the largest A of the window: a structurally zero gradient (an attention key bias) has
/// noise from its neighbours' size, and u·A alone would alarm at 10^15.
inline constexpr double magnitude_floor = 0x1p-10;

/// What the fp64 gradients of a cut may be away from the window's, in units of u·A of the largest A. Above it the
/// samples of a micro depend on one another, and no two splits have one gradient. Clean fp32 runs had at most 32 over
/// 1,254 cases of Python on LibTorch 2.11, fp64 ones here 13 (tests/run/reference_test.cpp prints it); a batch's
/// statistics or negatives leave 10^12 and more.
inline constexpr double coupling_limit = 256;

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

/// What no weights explain, relative to the gradient, is rounding below this (clean runs reach 4.1e-7 in fp32
/// and 4.9e-3 in bf16, where the limit is 2e-2).
double residual_limit(Recipe recipe);

/// observed ÷ allowed: 0 for an exact match even where nothing is allowed, infinite for a difference there.
double margin_of(double observed, const Tolerance& tolerance);

}  // namespace isobatch
