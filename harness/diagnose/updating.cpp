#include "diagnose/updating.h"

#include <algorithm>

#include "base/check.h"
#include "judge/compare.h"

namespace isobatch {

namespace {

/// Whether the step's update makes of the reference's gradient what the reference does.
bool follows(const Step& step, const WindowScale& scale) {
    return std::all_of(scale.update.begin(), scale.update.end(), [&](const auto& expected) {
        const auto forced = step.tensors.find("forced/" + expected.first);
        return forced != step.tensors.end() && identical(forced->second, expected.second);
    });
}

/// Whether the two sides of what was made are the same; nothing where nobody looked.
std::optional<bool> same(const Step& step, const char* kind) {
    const auto made = step.made.find(kind);
    if (made == step.made.end()) return std::nullopt;
    return made->second.found == made->second.owed;
}

}  // namespace

std::string to_string(Updating updating) {
    switch (updating) {
        case Updating::right:
            return "right";
        case Updating::altered:
            return "altered";
        case Updating::undecayed:
            return "undecayed";
        case Updating::unskipped:
            return "unskipped";
        case Updating::forwarded_twice:
            return "forwarded-twice";
        case Updating::forwarded_others:
            return "forwarded-others";
        case Updating::forgotten:
            return "forgotten";
    }
    broken_promise("updating", "unknown updating", __FILE__, __LINE__);
}

std::string meaning(Updating updating) {
    switch (updating) {
        case Updating::right:
            return "the update is right";
        case Updating::altered:
            return "the parameters are changed once the step is done";
        case Updating::undecayed:
            return "the update is one without weight decay";
        case Updating::unskipped:
            return "a gradient that is not finite is stepped with";
        case Updating::forwarded_twice:
            return "the model's buffers are those of two forwards of each micro-batch";
        case Updating::forwarded_others:
            return "the model's buffers are changed once the window's forwards are done";
        case Updating::forgotten:
            return "what the optimizer keeps is another once the run was restarted";
    }
    broken_promise("updating", "unknown updating", __FILE__, __LINE__);
}

void read_update(const Trace& candidate, std::size_t k, const WindowScale& scale, WindowEvidence& window) {
    const auto any = [&](auto holds) {
        return std::any_of(candidate.ranks.begin(), candidate.ranks.end(),
                           [&](const std::vector<Step>& rank) { return k < rank.size() && holds(rank[k]); });
    };
    // At another rate it is another update than the reference's, with and without decay.
    const auto undecayed = [&](const Step& step) {
        return step.lr == scale.lr ? same(step, "undecayed") : std::nullopt;
    };
    if (any([&](const Step& step) { return same(step, "param") == false && follows(step, scale); }))
        window.updating = Updating::altered;
    else if (any([&](const Step& step) { return undecayed(step) == true && !follows(step, scale); }))
        window.updating = Updating::undecayed;
    else if (any([&](const Step& step) {
                 return ends_in_restart(step) && same(step, "opt") == false && follows(step, scale);
             }))
        window.updating = Updating::forgotten;
    else if (any([](const Step& step) { return same(step, "overflow") == false; }))
        window.updating = Updating::unskipped;
    else if (any([](const Step& step) { return same(step, "forwarded") == false && same(step, "recomputed") == true; }))
        window.updating = Updating::forwarded_twice;
    else if (any([](const Step& step) { return same(step, "forwarded") == true && same(step, "buffer") == false; }))
        window.updating = Updating::forwarded_others;
    window.restarts = any(ends_in_restart);
    window.keeps_statistics = any([](const Step& step) { return same(step, "buffer").has_value(); });
    window.decays =
        window.updating == Updating::undecayed || any([&](const Step& step) { return undecayed(step) == false; });
}

}  // namespace isobatch
