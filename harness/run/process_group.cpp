#include "run/process_group.h"

#include <fmt/format.h>
#include <torch/headeronly/version.h>
#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include "run/counted_backend.h"

// The declarations in gloo_declarations stand in for Gloo's own headers, which the wheel lacks: compare them before
// raising this.
static_assert(TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR == 11,
              "gloo_declarations were written for LibTorch 2.11");

namespace isobatch {

namespace {

/// One of several groups that meet in one store; `name` is the group's own.
ProcessGroup join(const c10::intrusive_ptr<c10d::Store>& store, const std::string& name, int rank, int ranks,
                  const c10::intrusive_ptr<c10d::ProcessGroupGloo::Options>& options, const std::string& level) {
    const auto own = c10::make_intrusive<c10d::PrefixStore>(name, store);
    const auto backend = c10::make_intrusive<CountedBackend>(
        c10::make_intrusive<c10d::ProcessGroupGloo>(own, rank, ranks, options), level);
    auto group = c10::make_intrusive<c10d::ProcessGroup>(own, rank, ranks);
    for (const auto device : {c10::DeviceType::CPU, c10::DeviceType::CUDA})  // ranks may share one GPU
        group->setBackend(device, c10d::ProcessGroup::BackendType::GLOO, backend);
    group->setDefaultBackend(c10d::ProcessGroup::BackendType::GLOO);
    return group;
}

}  // namespace

Groups join(const Meeting& meeting) {
    const Mesh& mesh = meeting.mesh;
    const auto store = c10::make_intrusive<c10d::FileStore>(meeting.file.string(), mesh.ranks());
    const auto timeout =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>(meeting.deadline_s));
    const auto options = c10d::ProcessGroupGloo::Options::create(timeout);
    // The ranks of a file are on one machine. A host name may resolve to an address that this machine cannot reach.
    options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForInterface("lo"));
    const int copy = mesh.copy(meeting.rank), place = mesh.place(meeting.rank), within = place % mesh.inner,
              group = mesh.inner_group(meeting.rank);
    Groups groups{mesh, join(store, fmt::format("all {}", copy), place, mesh.places, options, ""), {}, {}};
    if (mesh.inner == 1) return groups;
    groups.inner = join(store, fmt::format("inner {} {}", copy, group), within, mesh.inner, options, "inner_");
    groups.outer = join(store, fmt::format("outer {} {}", copy, within), group, mesh.places / mesh.inner, options, "");
    return groups;
}

Collectives take_traffic(const Groups& groups) {
    Collectives moved;
    for (const ProcessGroup* group : {&groups.all, &groups.inner, &groups.outer})
        if (*group)
            for (const auto& [name, one] :
                 dynamic_cast<CountedBackend&>(*(*group)->getBackend(c10::DeviceType::CPU)).take()) {
                moved[name].calls += one.calls;
                moved[name].bytes += one.bytes;
            }
    return moved;
}

}  // namespace isobatch
