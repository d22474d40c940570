#include "plan/check.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/error.h"
#include "base/text.h"

namespace isobatch {

std::string to_string(Check check) {
    switch (check) {
        case Check::data:
            return "data";
        case Check::events:
            return "events";
        case Check::step:
            return "step";
        case Check::grad:
            return "grad";
        case Check::loss:
            return "loss";
        case Check::identity:
            return "identity";
        case Check::norm:
            return "norm";
        case Check::param:
            return "param";
        case Check::opt:
            return "opt";
        case Check::buffers:
            return "buffers";
        case Check::trajectory:
            return "trajectory";
    }
    broken_promise("check", "unknown check", __FILE__, __LINE__);
}

Check parse_check(std::string_view text) {
    for (const Check check : all_checks)
        if (to_string(check) == text) return check;
    throw Error(fmt::format("unknown check \"{}\"", printable(text)), "verdict",
                "write data, events, step, grad, loss, identity, norm, param, opt, buffers or trajectory");
}

}  // namespace isobatch
