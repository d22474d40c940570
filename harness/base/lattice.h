#pragma once

namespace isobatch {

/// The distance of a lattice on which sums are exact: of numbers whose absolute values sum to at most `magnitude`, each
/// rounded to it, any sum has at most 2^bits steps, so that every order of adding them in a format with `bits` bits or
/// more gives the same. A power of two; 0, which rounds nothing, where the magnitude is 0 or no number.
double lattice_quantum(double magnitude, int bits);

/// The nearest multiple of a quantum, ties to the even one.
double on_lattice(double value, double quantum);

}  // namespace isobatch
