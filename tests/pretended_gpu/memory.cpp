#include "tests/pretended_gpu/memory.h"

#include <sys/mman.h>
#include <cstdlib>

namespace isobatch::pretended {

Memory& Memory::instance() {
    static Memory memory;
    return memory;
}

Memory::Memory() {
    void* mapped = ::mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) std::abort();
    begin_ = static_cast<std::byte*>(mapped);
}

void Memory::protect(int how) {
    if (used_ > 0 && ::mprotect(begin_, used_, how) != 0) std::abort();
}

namespace {

constexpr std::size_t page = 4096;

std::size_t rounded(std::size_t bytes, std::size_t unit) {
    return (bytes + unit - 1) / unit * unit;
}

}  // namespace

/// The first gap that is wide enough, at the alignment of a GPU's allocator.
void* Memory::take(std::size_t bytes) {
    const std::scoped_lock lock(mutex_);
    std::size_t begin = 0;
    for (const auto& [block, taken] : taken_) {
        if (block - begin >= bytes) break;
        begin = rounded(block + taken, 512);
    }
    if (size - begin < bytes) return nullptr;
    taken_[begin] = bytes;
    if (begin + bytes > used_) {
        used_ = rounded(begin + bytes, page);
        if (accesses_ > 0) protect(PROT_READ | PROT_WRITE);
    }
    return begin_ + begin;
}

std::size_t Memory::give_back(void* block) {
    const std::scoped_lock lock(mutex_);
    const auto taken = taken_.find(static_cast<std::size_t>(static_cast<std::byte*>(block) - begin_));
    const std::size_t bytes = taken->second;
    taken_.erase(taken);
    return bytes;
}

Memory::Access::Access() {
    Memory& memory = instance();
    const std::scoped_lock lock(memory.mutex_);
    if (memory.accesses_++ == 0) memory.protect(PROT_READ | PROT_WRITE);
}

Memory::Access::~Access() {
    Memory& memory = instance();
    const std::scoped_lock lock(memory.mutex_);
    if (--memory.accesses_ == 0) memory.protect(PROT_NONE);
}

}  // namespace isobatch::pretended
