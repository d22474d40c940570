#include "cases/faults/faults.h"

#include "base/check.h"
#include "plan/fault.h"

namespace isobatch {

void plant(const std::string& id, Setup& setup) {
    find_fault(id);  // an unknown id is the user's error, one that no family plants is ours
    const bool planted =
        plant_denominator(id, setup) || plant_accumulator(id, setup) || plant_synchronisation(id, setup);
    ISOBATCH_CHECK(planted, "every fault of the catalogue is planted by one family");
}

}  // namespace isobatch
