#include "base/lattice.h"

#include <cmath>

namespace isobatch {

double lattice_quantum(double magnitude, int bits) {
    if (!(magnitude > 0) || !std::isfinite(magnitude)) return 0;
    int exponent = 0;
    std::frexp(magnitude, &exponent);  // magnitude <= 2^exponent
    // One bit for what rounding adds: half a step a number, which for 2^(bits - 1) numbers is 2^exponent once more.
    return std::ldexp(1, exponent + 1 - bits);
}

double on_lattice(double value, double quantum) {
    return quantum > 0 ? std::nearbyint(value / quantum) * quantum : value;
}

}  // namespace isobatch
