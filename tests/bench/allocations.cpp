#include "allocations.h"

#include <atomic>
#include <cstdlib>
#include <new>

// In a file of their own, since a compiler that sees both sides of a pair warns of malloc under new.

namespace {
std::atomic<std::int64_t> count{0};
}  // namespace

void* operator new(std::size_t bytes) {
    count.fetch_add(1, std::memory_order_relaxed);
    if (void* block = std::malloc(bytes > 0 ? bytes : 1)) return block;
    throw std::bad_alloc();
}
void operator delete(void* block) noexcept {
    std::free(block);
}
void operator delete(void* block, std::size_t) noexcept {
    std::free(block);
}

namespace isobatch {

std::int64_t allocations() {
    return count.load(std::memory_order_relaxed);
}

}  // namespace isobatch
