#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plan/slice.h"

namespace isobatch {

/// Two ways to cut a window that a right trainer cannot tell apart by a single bit, whatever its model and recipe: the
/// window itself and its twin. What makes them equal is a law of floating-point arithmetic, as x + 0 = x, so there is
/// nothing to tolerate and no reference to trust. They hold where a window is computed to the same bits each time, and
/// where nothing under- or overflows.
enum class Identity {
    null_micro,      ///< a micro without a unit before and after all others: x + 0 = x
    replicate_2,     ///< each device's one micro twice, in a window of twice its units: x/2 + x/2 = x
    replicate_4,     ///< the same four times: x/4 + x/4 = x/2, and 3x/4 rounds to what x/4 completes to x
    scale,           ///< the loss times 2^10, the gradient divided by it: nothing but exponents change
    swap_micros,     ///< the two micros of each device in the other order: x + y = y + x
    swap_devices,    ///< two devices exchange what they hold: likewise
    one_device,      ///< what two devices hold goes to the first one: added there or between them, it is x + y
    cancel_micros,   ///< one micro over and over, added and subtracted in turn: x - x = 0
    cancel_devices,  ///< one micro everywhere, added on one device and subtracted on the next: likewise
    /// Each sample's gradient, computed alone and rounded to one lattice on which sums are exact (base/lattice.h): has
    /// the bits of the same sum over the reference's shares, in any split. This one does trust a reference.
    strict,
};

inline constexpr std::array all_identities{Identity::null_micro, Identity::replicate_2,   Identity::replicate_4,
                                           Identity::scale,      Identity::swap_micros,   Identity::swap_devices,
                                           Identity::one_device, Identity::cancel_micros, Identity::cancel_devices,
                                           Identity::strict};

/// `null-micro` …
std::string to_string(Identity identity);
Identity parse_identity(std::string_view text);

/// All their names.
std::vector<std::string> known_identities();

/// What must hold, as a sentence.
std::string meaning(Identity identity);

/// `all`, or names between commas; none for an empty text. Throws Error naming --identities.
std::vector<Identity> parse_identities(std::string_view text);

/// Whether the twin's gradient is 0, rather than the window's own.
bool cancels(Identity identity);

/// What an identity hangs on.
struct Cut {
    std::vector<std::int64_t> micros;  ///< of each place
    bool learns_graph = false;         ///< the window in which an engine learns a static graph
    bool couples_samples = false;      ///< declared: a sample has no gradient of its own
};

/// Why rounding may tell a window that is cut so from its twin; empty where it may not.
std::string unfit(Identity identity, const Cut& cut);

/// What the loss of a twin is multiplied by before the backward, and its gradient divided by after the exchange.
double scale_of(Identity identity);

/// The micros of the twin, in sampler order. `micros` are those of a window that is not unfit.
std::vector<Slice> twin_of(Identity identity, const std::vector<Slice>& micros, int places);

}  // namespace isobatch
