#pragma once

#include <map>

#include "run/setup.h"

namespace isobatch {

/// Of each place of the mesh, the samples of its micros in their order.
using Places = std::map<int, std::vector<std::vector<std::int64_t>>>;

Places places_of(const Window& window);

/// Gives the window these micros in sampler order: turn by turn, and within it place by place.
void hold(Window& window, const Places& places);

}  // namespace isobatch
