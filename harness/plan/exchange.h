#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace isobatch {

/// How the ranks of a trial exchange their gradients: what an engine's text says.
struct Exchange {
    enum class Backend { serial, gloo, nccl };
    Backend backend = Backend::serial;
    bool flat =
        false;  ///< one all-reduce of everything after the window, as small trainers do; otherwise DDP's buckets
    std::int64_t bucket_bytes = 0;  ///< 0: DDP's own sizes
    bool find_unused = false, static_graph = false, bucket_view = false;
    int inner = 1;  ///< so many neighbouring devices exchange with every micro, and all of them with the last

    bool by_processes() const { return backend != Backend::serial; }
    /// By PyTorch's DDP reducer.
    bool in_buckets() const { return by_processes() && !flat; }

    bool operator==(const Exchange&) const = default;
};

/// `serial`, `gloo`, `gloo:flat:inner=2`, `gloo:bucket=4096:unused:static:view`; with `nccl` as with `gloo`
std::string to_string(const Exchange& exchange);

/// The inverse. Throws Error naming --engine.
Exchange parse_exchange(std::string_view text);

/// Throws Error naming --device where the engine cannot move what is computed there.
void require_device(const Exchange& exchange, std::string_view device);

}  // namespace isobatch
