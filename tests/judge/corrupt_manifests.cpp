/// Manifests that do not belong to the trace or to the reference.
#include <fmt/format.h>

#include "tests/judge/corruption.h"

namespace isobatch {

namespace {

struct Refused {
    const char* what;
    void (*make)(Trace&);
    const char* error;
};

/// The place is the trial.
const Refused refused[] = {
    {"another reference", [](Trace& t) { t.manifest.follows = "xxh3:0000000000000000"; }, "the trace follows"},
    {"an empty digest of the reference", [](Trace& t) { t.manifest.follows = ""; }, "the trace follows"},
    {"one digit of the reference's digest",
     [](Trace& t) { t.manifest.follows->back() = t.manifest.follows->back() == '0' ? '1' : '0'; }, "the trace follows"},
    {"the other recipe",
     [](Trace& t) { t.manifest.recipe = t.manifest.recipe == Recipe::fp64 ? Recipe::fp32 : Recipe::fp64; },
     "the reference has"},
    {"a contract of sample means", [](Trace& t) { t.manifest.contract->weighting = Weighting::sample_mean; },
     "contract "
     "{\"couples_samples\":false,\"exact\":false,\"keeps_tail\":true,\"schedule_varies\":true,\"weighting\":\"sample-"
     "mean\"}, the "
     "reference has"},
    {"a contract without tails", [](Trace& t) { t.manifest.contract->keeps_tail = false; }, "contract"},
    {"a contract without a schedule", [](Trace& t) { t.manifest.contract->schedule_varies = false; }, "contract"},
    {"a parameter renamed", [](Trace& t) { t.manifest.parameters[0].name = "weights"; }, "other parameters"},
    {"a parameter of another shape",
     [](Trace& t) {
         t.manifest.parameters[0].shape = {5, 6};
     },
     "other parameters"},
    {"a parameter less", [](Trace& t) { t.manifest.parameters.pop_back(); }, "other parameters"},
    {"a parameter more",
     [](Trace& t) {
         t.manifest.parameters.push_back({"more", {1}});
     },
     "other parameters"},
    {"two parameters exchanged", [](Trace& t) { std::swap(t.manifest.parameters[0], t.manifest.parameters[1]); },
     "other parameters"},
    {"no parameters", [](Trace& t) { t.manifest.parameters.clear(); }, "other parameters"},
    {"a rank missing", [](Trace& t) { t.ranks.pop_back(); }, "ranks, the manifest has"},
    {"a rank too many", [](Trace& t) { t.ranks.push_back(t.ranks[0]); }, "ranks, the manifest has"},
    {"no rank", [](Trace& t) { t.ranks.clear(); }, "0 ranks, the manifest has"},
    {"no rank, as its manifest says", [](Trace& t) { t.ranks.clear(), t.manifest.ranks = 0; }, "0 ranks"},
    {"a manifest of one rank", [](Trace& t) { t.manifest.ranks = 1; }, "the manifest has 1"},
    {"copies that the ranks are no multiple of", [](Trace& t) { t.manifest.copies = 3; }, "no whole number of places"},
    {"no copies", [](Trace& t) { t.manifest.copies = 0; }, "no whole number of places"},
    {"less than no copies", [](Trace& t) { t.manifest.copies = -1; }, "no whole number of places"},
};

struct Accepted {
    const char* what;
    void (*make)(Trace&);
    const char* why;
};

const Accepted accepted[] = {
    {"a contract that is not known", [](Trace& t) { t.manifest.contract.reset(); },
     "the trainer is then held to the reference's"},
    {"nothing that it follows", [](Trace& t) { t.manifest.follows.reset(); },
     "its gradients are judged; its updates are not asked for, since they start elsewhere"},
    {"another engine", [](Trace& t) { t.manifest.engine = "gloo"; }, "engines are what must not matter"},
    {"another device", [](Trace& t) { t.manifest.device = "cuda"; }, "devices are what must not matter"},
    {"another seed", [](Trace& t) { t.manifest.seed = 99; }, "what the seed made is in the samples and gradients"},
    {"another number of steps", [](Trace& t) { t.manifest.steps = 99; }, "the steps themselves are counted"},
    {"another number of epochs", [](Trace& t) { t.manifest.epochs = 99; }, "the steps tell their epochs"},
    {"another level", [](Trace& t) { t.manifest.level = Level::losses; }, "the tensors are there or they are not"},
    {"another trial", [](Trace& t) { t.manifest.trial = "gpt --splits 1x1x1"; },
     "a name; what was done is in the steps"},
    {"another machine", [](Trace& t) { t.manifest.provenance["cpu"] = "another"; }, "machines must not matter"},
    {"another split",
     [](Trace& t) {
         t.manifest.split = {16, 1, 1};
     },
     "how it was split is in the micros"},
};

}  // namespace

Damages damages_of_manifests() {
    Damages damages;
    for (const Refused& one : refused)
        damages.push_back({.name = std::string("manifest: ") + one.what,
                           .make = [make = one.make](Patient p) { make(p.trace); },
                           .says = "synthetic --splits",
                           .error = one.error});
    for (const Accepted& one : accepted)
        damages.push_back({.name = std::string("manifest: ") + one.what,
                           .make = [make = one.make](Patient p) { make(p.trace); },
                           .why = one.why});
    for (const char* message : {"signal 11", "out of memory", ""})
        damages.push_back({.name = fmt::format("manifest: ended with \"{}\"", message),
                           .make =
                               [=](Patient p) {
                                   p.trace.manifest.ended = {false, 1, 3, message};
                               },
                           .crashed = true});
    damages.push_back({.name = "manifest: ended in the middle, with half of its steps",
                       .make =
                           [](Patient p) {
                               p.trace.manifest.ended.complete = false;
                               p.each_rank([](std::vector<Step>& steps) { steps.resize(3); });
                           },
                       .crashed = true});
    return damages;
}

}  // namespace isobatch
