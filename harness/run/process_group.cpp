#include "run/process_group.h"

#include <fmt/format.h>
#include <torch/headeronly/version.h>
#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include "base/check.h"
#include "run/counted_backend.h"
#include "run/nccl.h"

// The declarations in gloo_declarations stand in for Gloo's own headers, which the wheel lacks: compare them before
// raising this.
static_assert(TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR == 11,
              "gloo_declarations were written for LibTorch 2.11");

namespace isobatch {

namespace {

using Type = c10d::ProcessGroup::BackendType;
using Store = c10::intrusive_ptr<c10d::Store>;

/// One of several groups that meet in one store.
struct Circle {
    std::string name;  ///< the group's own
    int rank, ranks;
    std::string level;  ///< before the names of its collectives
};

c10::intrusive_ptr<c10d::Backend> gloo(const Store& store, const Circle& circle, const Meeting& meeting,
                                       std::chrono::milliseconds timeout) {
    using Gloo = c10d::ProcessGroupGloo;
    const auto options = Gloo::Options::create(timeout);
    // On one machine never by its name, which may resolve to an address that the machine itself cannot reach.
    options->devices.push_back(meeting.address.empty() ? Gloo::createDeviceForInterface("lo")
                                                       : Gloo::createDeviceForHostname(meeting.address));
    return c10::make_intrusive<Gloo>(store, circle.rank, circle.ranks, options);
}

ProcessGroup join(const Store& store, const Circle& circle, const Meeting& meeting) {
    const auto timeout =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>(meeting.deadline_s));
    const bool by_gloo = meeting.backend == Exchange::Backend::gloo;
    const Type type = by_gloo ? Type::GLOO : Type::NCCL;
    const auto own = c10::make_intrusive<c10d::PrefixStore>(circle.name, store);
    const auto backend = c10::make_intrusive<CountedBackend>(
        by_gloo ? gloo(own, circle, meeting, timeout) : nccl_backend(own, circle.rank, circle.ranks, timeout),
        circle.level);
    auto group = c10::make_intrusive<c10d::ProcessGroup>(own, circle.rank, circle.ranks);
    group->setBackend(c10::DeviceType::CUDA, type, backend);  // of Gloo too: ranks may share one GPU
    if (by_gloo) group->setBackend(c10::DeviceType::CPU, type, backend);
    group->setDefaultBackend(type);
    return group;
}

/// Those that this rank is in.
std::vector<ProcessGroup> all_of(const Groups& groups) {
    std::vector<ProcessGroup> all{groups.all};
    if (groups.inner) all.insert(all.end(), {groups.inner, groups.outer});
    return all;
}

}  // namespace

Groups join(const Meeting& meeting) {
    const Mesh& mesh = meeting.mesh;
    const auto store = c10::make_intrusive<c10d::FileStore>(meeting.file.string(), mesh.ranks());
    ISOBATCH_CHECK(meeting.backend != Exchange::Backend::serial, "processes meet, and the serial engine has one");
    const int copy = mesh.copy(meeting.rank), place = mesh.place(meeting.rank), within = place % mesh.inner,
              group = mesh.inner_group(meeting.rank);
    Groups groups{mesh, join(store, {fmt::format("all {}", copy), place, mesh.places, ""}, meeting), {}, {}};
    if (mesh.inner == 1) return groups;
    groups.inner = join(store, {fmt::format("inner {} {}", copy, group), within, mesh.inner, "inner_"}, meeting);
    groups.outer =
        join(store, {fmt::format("outer {} {}", copy, within), group, mesh.places / mesh.inner, ""}, meeting);
    return groups;
}

void leave(const Groups& groups) {
    for (const ProcessGroup& group : all_of(groups)) group->getBackend(c10::DeviceType::CUDA)->shutdown();
}

Collectives take_traffic(const Groups& groups) {
    Collectives moved;
    for (const ProcessGroup& group : all_of(groups))
        for (const auto& [name, one] :
             dynamic_cast<CountedBackend&>(*group->getBackend(c10::DeviceType::CUDA)).take()) {
            moved[name].calls += one.calls;
            moved[name].bytes += one.bytes;
        }
    return moved;
}

}  // namespace isobatch
