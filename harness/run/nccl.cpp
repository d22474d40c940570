#include "run/nccl.h"

#include <dlfcn.h>
#include <cstdlib>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "run/nccl_module.h"

namespace isobatch {

namespace {

decltype(isobatch_nccl_backend)* load() {
    void* module = ::dlopen("libisobatch_nccl.so", RTLD_NOW | RTLD_LOCAL);
    void* entry = module ? ::dlsym(module, "isobatch_nccl_backend") : nullptr;
    if (entry) return reinterpret_cast<decltype(isobatch_nccl_backend)*>(entry);
    const char* reason = ::dlerror();
    throw Error(fmt::format("the nccl engine cannot be loaded: {}", printable(reason ? reason : "no reason")),
                "--engine", "choose gloo, whose ranks are processes too; isobatch doctor lists what was found");
}

auto* entry() {
    static auto* const loaded = load();
    return loaded;
}

}  // namespace

bool has_nccl() {
    return true;
}

void require_nccl() {
    entry();
}

c10::intrusive_ptr<c10d::Backend> nccl_backend(const c10::intrusive_ptr<c10d::Store>& store, int rank, int ranks,
                                               std::chrono::milliseconds timeout) {
    return c10::intrusive_ptr<c10d::Backend>::reclaim(entry()(store, rank, ranks, timeout));
}

}  // namespace isobatch
