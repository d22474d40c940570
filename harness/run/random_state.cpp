#include "run/random_state.h"

#include <mutex>

#include <ATen/Context.h>

#include "base/digest.h"
#include "run/tensors.h"

namespace isobatch {

std::string random_state(at::Device device) {
    RunningDigest digest;
    for (const at::Device& one : {at::Device(at::kCPU), device}) {
        at::Generator generator = at::globalContext().defaultGenerator(one);
        const std::lock_guard<std::mutex> alone(generator.mutex());
        digest.add(digest_of(generator.get_state()));
    }
    return digest.text();
}

}  // namespace isobatch
