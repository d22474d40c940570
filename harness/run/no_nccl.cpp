#include "base/error.h"
#include "run/nccl.h"

namespace isobatch {

bool has_nccl() {
    return false;
}

void require_nccl() {
    throw Error("this build has no nccl engine: the headers of CUDA and NCCL were not there when it was made",
                "--engine", "choose gloo, whose ranks are processes too; ci/install brings the headers with LibTorch");
}

c10::intrusive_ptr<c10d::Backend> nccl_backend(const c10::intrusive_ptr<c10d::Store>&, int, int,
                                               std::chrono::milliseconds) {
    require_nccl();
    return {};
}

}  // namespace isobatch
