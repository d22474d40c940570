#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "judge/align.h"

namespace isobatch {

/// How the samples of a step that is no window of the reference differ from those of one that is.
enum class Stray {
    first_epoch,     ///< they are those of the window of its position in the first epoch
    first_again,     ///< likewise, and the run was restarted in their epoch
    skipped_anew,    ///< the run was restarted in their epoch, and had skipped a micro for each update of it
    part,            ///< they are some of one window's, each once
    padded,          ///< they are all of the window of its position, and more
    repeated_micro,  ///< every micro of a place holds samples of its first one
    other_places,    ///< the first place has its samples, others have not
    other,
};

std::string to_string(Stray stray);
Stray parse_stray(std::string_view text);

/// For each of the alignment's strangers, in order.
std::vector<Stray> strays_of(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment);

}  // namespace isobatch
