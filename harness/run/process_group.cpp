#include "run/process_group.h"

#include <torch/headeronly/version.h>
#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include "run/counted_backend.h"

// The declarations in gloo_declarations stand in for Gloo's own headers, which the wheel lacks: compare them before
// raising this.
static_assert(TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR == 11,
              "gloo_declarations were written for LibTorch 2.11");

namespace isobatch {

ProcessGroup join(const Meeting& meeting) {
    const auto store = c10::make_intrusive<c10d::FileStore>(meeting.file.string(), meeting.ranks);
    const auto timeout =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>(meeting.deadline_s));
    const auto options = c10d::ProcessGroupGloo::Options::create(timeout);
    // The ranks of a file are on one machine. A host name may resolve to an address that this machine cannot reach.
    options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForInterface("lo"));
    const auto backend = c10::make_intrusive<CountedBackend>(
        c10::make_intrusive<c10d::ProcessGroupGloo>(store, meeting.rank, meeting.ranks, options));
    auto group = c10::make_intrusive<c10d::ProcessGroup>(store, meeting.rank, meeting.ranks);
    group->setBackend(c10::DeviceType::CPU, c10d::ProcessGroup::BackendType::GLOO, backend);
    group->setDefaultBackend(c10d::ProcessGroup::BackendType::GLOO);
    return group;
}

Collectives take_traffic(const ProcessGroup& group) {
    return dynamic_cast<CountedBackend&>(*group->getBackend(c10::DeviceType::CPU)).take();
}

}  // namespace isobatch
