/// What a model keeps beside its parameters is another than its forwards leave.
#include "tests/judge/corruption.h"

namespace isobatch {

Damages damages_of_buffers() {
    Damages damages;
    for (const std::size_t k : {0UL, 3UL, 5UL})
        for (const int rank : {0, 1, all_ranks}) {
            const auto damaged = [&](const char* what, std::function<void(Step&)> act) {
                damages.push_back({.name = what + (" " + place_name(k, rank)),
                                   .step = static_cast<std::int64_t>(k + 1),
                                   .rank = std::max(rank, 0),
                                   .make = at(k, rank, std::move(act))});
            };
            damaged("other buffers", [](Step& s) { s.made["buffer"] = {"xxh3:2", "xxh3:1", "buffer/mean"}; });
            damages.back().red = {Check::buffers};
            damages.back().says = "leaves another \"buffer/mean\" than forwards";
            damaged("no buffers", [](Step& s) { s.made.erase("buffer"); });
            damages.back().unsure = {Check::buffers};
            damages.back().says = "left in the model's buffers";
        }
    damages.push_back({.name = "no buffers in a window that is not judged",
                       .make = at(4, 0, [](Step& s) { s.made.erase("buffer"); }),
                       .why = "nothing is compared there"});
    return damages;
}

}  // namespace isobatch
