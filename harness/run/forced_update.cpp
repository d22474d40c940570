#include "run/forced_update.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>

#include "base/digest.h"
#include "run/tensors.h"

namespace isobatch {

namespace {

/// Calls look() while the replica is as `update` leaves it.
template <class Look>
void try_update(Replica& replica, const std::vector<at::Tensor>& gradients, const Update& update, Look look) {
    std::vector<at::Tensor> own, before;
    std::vector<std::vector<Optimizer::Slot>> slots(replica.parameters.size());
    for (Optimizer::Slot& slot : replica.optimizer.state())
        slots[slot.parameter].push_back({slot.name, slot.parameter, slot.value.clone()});
    for (std::size_t p = 0; p < replica.parameters.size(); ++p) {
        at::Tensor& gradient = replica.parameters[p].mutable_grad();
        own.push_back(gradient);
        before.push_back(replica.parameters[p].detach().clone());
        if (gradient.defined())
            gradient = at::empty_like(gradient).copy_(gradients[p]);  // one that nothing reached is skipped, as it is
    }
    update(replica);
    look();
    const at::NoGradGuard no_grad;
    for (std::size_t p = 0; p < replica.parameters.size(); ++p) {
        replica.parameters[p].copy_(before[p]);
        replica.parameters[p].mutable_grad() = own[p];
        replica.optimizer.set_state(p, slots[p]);
    }
}

constexpr std::string_view forced = "forced/";

using Wanted = bool (*)(const std::string& key);

bool any_key(const std::string&) {
    return true;
}

bool is_parameter(const std::string& key) {
    return key.starts_with("param/");
}

/// An average moves towards the parameters also where a step is left out.
bool is_no_average(const std::string& key) {
    return !key.starts_with("opt/ema/");
}

StateDigests digests_of(const Replica& replica, Wanted wanted) {
    StateDigests digests;
    each_state(replica, [&](const std::string& key, const at::Tensor& tensor) {
        if (wanted(key)) digests[key] = digest_of(tensor);
    });
    return digests;
}

StateDigests forced_state(Replica& replica, const std::vector<at::Tensor>& gradients, const Update& update,
                          Wanted wanted) {
    StateDigests left;
    try_update(replica, gradients, update, [&] { left = digests_of(replica, wanted); });
    return left;
}

}  // namespace

Tensors forced_update(Replica& replica, const std::vector<at::Tensor>& gradients, const Update& update) {
    Tensors left;
    try_update(replica, gradients, update, [&] {
        each_state(replica, [&](const std::string& key, const at::Tensor& tensor) {
            left[std::string(forced) + key] = snapshot(tensor);
        });
    });
    return left;
}

StateDigests state_digests(const Replica& replica) {
    return digests_of(replica, any_key);
}

StateDigests owed_state(Replica& replica, const Update& update) {
    std::vector<at::Tensor> own;
    for (const at::Tensor& parameter : replica.parameters) own.push_back(parameter.grad());
    return forced_state(replica, own, update, any_key);
}

Made undecayed_made(Replica& replica, const std::vector<at::Tensor>& gradients, const Tensors& left,
                    const Update& undecayed) {
    StateDigests own;
    for (const auto& [key, tensor] : left)
        if (const std::string name = key.substr(forced.size()); is_parameter(name))
            own[name] = xxh3_digest(tensor.bytes);
    return beside(own, forced_state(replica, gradients, undecayed, is_parameter));
}

Made overflow_made(Replica& replica, const std::vector<at::Tensor>& gradients, const Update& update) {
    std::vector<at::Tensor> infinite;
    for (const at::Tensor& gradient : gradients) {
        infinite.push_back(gradient.clone());
        infinite.back().flatten().slice(0, 0, 1).fill_(std::numeric_limits<double>::infinity());
    }
    return beside(forced_state(replica, infinite, update, is_no_average), digests_of(replica, is_no_average));
}

Made beside(const StateDigests& found, const StateDigests& owed) {
    const auto [at, other] = std::mismatch(found.begin(), found.end(), owed.begin(), owed.end());
    const std::string first = at != found.end() ? at->first : other != owed.end() ? other->first : std::string();
    const auto whole = [](const StateDigests& digests) {
        RunningDigest digest;
        for (const auto& [key, one] : digests) digest.add(key), digest.add(one);
        return digest.text();
    };
    return {whole(found), whole(owed), first};
}

std::map<std::string, Made> made_of(const StateDigests& found, const StateDigests& owed) {
    std::map<std::string, Made> made;
    for (const std::string kind : {"param", "opt"}) {
        const auto of_kind = [&](const StateDigests& all) {
            StateDigests some;
            for (const auto& [key, digest] : all)
                if (key.starts_with(kind + "/")) some[key] = digest;
            return some;
        };
        made[kind] = beside(of_kind(found), of_kind(owed));
    }
    return made;
}

}  // namespace isobatch
