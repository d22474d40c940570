#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "judge/align.h"

namespace isobatch {

/// How the samples of a step that is no window of the reference may differ from those of one that is.
enum class Stray {
    first_epoch,     ///< they are those of the window of its position in the first epoch
    first_again,     ///< likewise, and the run was restarted in their epoch
    skipped_anew,    ///< the run was restarted in their epoch, and had skipped a micro for each update of it
    part,            ///< they are some of one window's, each once
    padded,          ///< they are all of the window of its position, and more
    repeated_micro,  ///< every micro of a place holds samples of its first one
    other_places,    ///< they are as many as those of the window of its position, of which the first place has its own
    other,           ///< none of these
};

std::string to_string(Stray stray);
Stray parse_stray(std::string_view text);

/// For each of the alignment's strangers, in order, all that it may be: few samples are easily several of these.
std::vector<std::vector<Stray>> strays_of(const Yardstick& yardstick, const Trace& candidate,
                                          const Alignment& alignment);

}  // namespace isobatch
