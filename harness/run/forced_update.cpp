#include "run/forced_update.h"

#include <algorithm>
#include <limits>

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

}  // namespace

Tensors forced_update(Replica& replica, const std::vector<at::Tensor>& gradients, const Update& update) {
    Tensors left;
    try_update(replica, gradients, update, [&] {
        each_state(replica,
                   [&](const std::string& key, const at::Tensor& tensor) { left["forced/" + key] = snapshot(tensor); });
    });
    return left;
}

StateDigests state_digests(const Replica& replica) {
    StateDigests digests;
    each_state(replica, [&](const std::string& key, const at::Tensor& tensor) {
        digests[key] = xxh3_digest(view_of(tensor).bytes);
    });
    return digests;
}

namespace {

StateDigests forced_state(Replica& replica, const std::vector<at::Tensor>& gradients, const Update& update) {
    StateDigests left;
    try_update(replica, gradients, update, [&] { left = state_digests(replica); });
    return left;
}

}  // namespace

StateDigests owed_state(Replica& replica, const Update& update) {
    std::vector<at::Tensor> own;
    for (const at::Tensor& parameter : replica.parameters) own.push_back(parameter.grad());
    return forced_state(replica, own, update);
}

namespace {

Made made_of_kind(const std::string& kind, const StateDigests& found, const StateDigests& owed) {
    const auto of_kind = [&](const StateDigests& all) {
        StateDigests some;
        for (const auto& [key, digest] : all)
            if (key.starts_with(kind + "/")) some[key] = digest;
        return some;
    };
    const StateDigests left = of_kind(found), right = of_kind(owed);
    const auto [at, other] = std::mismatch(left.begin(), left.end(), right.begin(), right.end());
    const std::string first = at != left.end() ? at->first : other != right.end() ? other->first : std::string();
    const auto whole = [](const StateDigests& digests) {
        RunningDigest digest;
        for (const auto& [key, one] : digests) digest.add(key), digest.add(one);
        return digest.text();
    };
    return {whole(left), whole(right), first};
}

}  // namespace

Made undecayed_made(Replica& replica, const std::vector<at::Tensor>& gradients, const Tensors& forced,
                    const Update& undecayed) {
    StateDigests own;
    for (const auto& [key, tensor] : forced) own[key.substr(std::string("forced/").size())] = xxh3_digest(tensor.bytes);
    return made_of_kind("param", own, forced_state(replica, gradients, undecayed));
}

Made overflow_made(Replica& replica, const std::vector<at::Tensor>& gradients, const Update& update) {
    std::vector<at::Tensor> infinite;
    for (const at::Tensor& gradient : gradients) {
        infinite.push_back(gradient.clone());
        infinite.back().view({-1})[0].fill_(std::numeric_limits<double>::infinity());
    }
    return made_of_kind("param", forced_state(replica, infinite, update), state_digests(replica));
}

std::map<std::string, Made> made_of(const StateDigests& found, const StateDigests& owed) {
    std::map<std::string, Made> made;
    for (const std::string kind : {"param", "opt"}) made[kind] = made_of_kind(kind, found, owed);
    return made;
}

}  // namespace isobatch
