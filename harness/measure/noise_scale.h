#pragma once

#include <cstdint>
#include <span>

#include "base/seed.h"
#include "measure/robust_fit.h"

namespace isobatch {

/// How much one sample's gradient differs from another's, at one point of training (McCandlish et al. 2018, appendix
/// A). Neither number is biased; of few samples `square` may be negative.
struct Noise {
    double trace = 0;   ///< of the covariance of one sample's gradient: its variance, summed over all parameters
    double square = 0;  ///< of the length of the true gradient
};

/// From the gradients of a window's micros, each the mean over so many samples. At least two micros, each of at least
/// one sample, all of one length. The mean's own square is too long by trace ÷ samples; that is taken off.
Noise noise_of_micros(std::span<const std::span<const double>> gradients, std::span<const std::int64_t> samples);

/// From squared lengths alone: of gradients over a few samples (averaged over several such) and over more. Where all
/// micros are as large, it is the same number as from their gradients.
Noise noise_of_norms(double few_square, std::int64_t few, double many_square, std::int64_t many);

struct NoiseScale {
    Noise noise;
    /// trace ÷ square, in samples: where the noise of a batch is as long as its gradient. Infinite where no gradient
    /// can be told from the noise.
    Estimate scale;

    /// What a batch's gradient differs from the true one by, squared: trace ÷ samples.
    double variance(double samples) const { return noise.trace / samples; }
    /// Updates that a batch takes to get as far as the fewest possible, ÷ those: 1 + scale ÷ samples.
    double updates(double samples) const { return 1 + scale.value / samples; }
    /// Samples that a batch takes to get as far as the smallest batch, ÷ those: 1 + samples ÷ scale. The critical batch
    /// is the scale itself: twice the fewest updates, twice the fewest samples.
    double samples(double batch) const { return 1 + batch / scale.value; }
};

/// Of several windows near each other: traces and squares are averaged before they are divided, since a mean of ratios
/// would follow the smallest squares, and what bias the ratio still has to first order is taken off by leaving out each
/// window in turn. The interval has 95 of 100 bootstrap resamples of the windows. At least two windows.
NoiseScale noise_scale(std::span<const Noise> windows, Seed seed);

}  // namespace isobatch
