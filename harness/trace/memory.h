#pragma once

#include <array>
#include <cstdint>
#include <utility>

namespace isobatch {

/// What the tensors of one rank held in one step, in bytes.
struct Memory {
    std::int64_t peak = 0;    ///< the most at one time; 0: not measured
    std::int64_t steady = 0;  ///< at the step's end
    /// What stood when the last backward had ended. The accumulator is `gradients`; `buckets` is whatever else there is
    /// between an exchange and the update: those of DDP, where gradients are not views of them.
    std::int64_t parameters = 0, gradients = 0, optimizer = 0, buckets = 0;
    /// The most that its process had in memory up to there, with libraries and the recorder's own work: nothing that a
    /// split answers for.
    std::int64_t resident = 0;
    /// On a GPU, the most that its allocator had taken for this process, and of it the most that was in use, rounded up
    /// to its blocks; 0 on the CPU, whose allocator keeps nothing.
    std::int64_t reserved = 0, active = 0;

    /// The rest of the peak, which came and went: activations, and what kernels and the update took for a while.
    std::int64_t activations() const { return peak - parameters - gradients - optimizer - buckets; }
    bool operator==(const Memory&) const = default;
};

/// Where they are written.
inline constexpr std::array<std::pair<const char*, std::int64_t Memory::*>, 9> memory_fields{
    {{"memory_bytes_peak", &Memory::peak},
     {"memory_bytes_steady", &Memory::steady},
     {"memory_bytes_parameters", &Memory::parameters},
     {"memory_bytes_gradients", &Memory::gradients},
     {"memory_bytes_optimizer", &Memory::optimizer},
     {"memory_bytes_buckets", &Memory::buckets},
     {"memory_bytes_resident", &Memory::resident},
     {"memory_bytes_reserved", &Memory::reserved},
     {"memory_bytes_active", &Memory::active}}};

}  // namespace isobatch
