#pragma once

#include <optional>
#include <string>
#include <vector>

#include "diagnose/evidence.h"
#include "judge/least_squares.h"
#include "judge/yardstick.h"
#include "trace/trace.h"

namespace isobatch {

/// Reads sample weights out of gradients: one factorisation per judged window of the reference, used for every
/// candidate. Made only once something diverged. Where no weights explain the whole gradient, those of the wrong
/// parameters alone may: a fault need not reach all of them. Where neither do, those of single units may, in a
/// reference that has their gradients. Where the gradients of samples cannot be told apart, those of micro-batches may.
class Decoder {
public:
    explicit Decoder(const Yardstick& yardstick);

    /// Fills in the weights of every window of `evidence`, which evidence_of made from the same candidate.
    void recover(Evidence& evidence, const Trace& candidate);

private:
    /// A term that is told from the samples.
    struct TermColumn {
        std::size_t term = 0;  ///< index of the window's
        double scale = 1;      ///< what the column was multiplied by
    };

    struct Window {
        std::vector<std::size_t> tensors;  ///< what is read from: indices of the window's
        /// Those with a gradient, a column each; of several that have one, their sum.
        std::vector<std::vector<Source>> decodable;
        std::vector<double> row_scale;  ///< per tensor of those: 1 ÷ (E + u·A)
        std::size_t stale = 0;          ///< columns of earlier gradients, after those of the samples
        std::vector<TermColumn> terms;  ///< columns after those
        std::optional<LeastSquares> system;
        double weight_tolerance = 0;
        std::string refused;
        std::string by_micros;  ///< as Recovered has it
    };

    /// What has a weight of its own.
    enum class Grain { micro, sample, unit };

    /// `micro_of` samples, to be told apart by micros.
    Window prepare(std::size_t w, std::vector<std::size_t> tensors, Grain grain = Grain::sample,
                   const std::vector<int>& micro_of = {}) const;
    /// What tells the candidate's micros apart, where `fine` is refused; nothing where that is, too.
    std::optional<Window> by_micros(std::size_t w, const Window& fine, const WindowEvidence& evidence) const;
    /// From these columns, or why not.
    void factor(const WindowScale& scale, std::vector<std::vector<double>> columns, Window& window) const;
    Recovered solve(std::size_t w, const Window& window, const Step& step, int rank) const;
    /// From the samples, else as far as that goes: in part, by units.
    Recovered weights_of(std::size_t w, const Window& whole, const Step& step, int rank, WindowEvidence& evidence);
    /// From the wrong parameters alone; nothing when all are, or when that explains no more. Where these cannot tell
    /// even its micros apart nothing can be read of the window: no right parameter says what weights wrong ones have.
    std::optional<Recovered> solve_in_part(std::size_t w, const Step& step, int rank, WindowEvidence& evidence) const;
    /// From units; nothing when the reference has none, or when that explains no more.
    std::optional<Recovered> solve_by_units(std::size_t w, const Step& step, int rank, WindowEvidence& evidence);
    bool explained(const Recovered& recovered) const;

    /// What is read from this window is right to no less than its system allows.
    static void loosen(const Window& window, WindowEvidence& evidence);

    const Yardstick* yardstick_;
    std::vector<std::optional<Window>> windows_;
    std::vector<std::optional<Window>> by_units_;  ///< each made when it is first asked for
};

/// The reference's window that this one is; nullptr where the yardstick has none of that number.
const WindowScale* scale_of(const Yardstick& yardstick, const WindowEvidence& window);

/// What the tolerance of a weight is floored at: no condition makes it right to less. 1e-5 in fp32, 1e-9 in fp64, 5
/// times above the worst of 154 right fp32 runs; 5e-3 in fewer bits.
double finest_weight(Recipe recipe);

/// A weight is right to this, from the condition of its columns: 16·u·condition. In fewer bits 2^-9·condition, 3.7
/// times above 120 perceptrons in bf16 with columns of that recipe; where the sum is narrow 4·u·condition, twice above
/// 120 models.
double weight_tolerance(Recipe recipe, double condition);

/// Above this tolerance a weight of 1 and one of 1.5 could be confused, and nothing is decoded.
inline constexpr double refuse_above = 0.25;

}  // namespace isobatch
