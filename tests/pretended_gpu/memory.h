#pragma once

#include <cstddef>
#include <map>
#include <mutex>

namespace isobatch::pretended {

/// Memory that only operators may touch: whoever reads it as if it were the host's is ended by a segmentation fault, as
/// with that of a GPU.
class Memory {
public:
    static constexpr std::size_t size = std::size_t{1} << 30;

    static Memory& instance();

    /// Null where no room is left.
    void* take(std::size_t bytes);
    /// How many bytes it had been taken for.
    std::size_t give_back(void* block);

    /// While one lives, in whichever thread, the memory can be touched.
    class Access {
    public:
        Access();
        ~Access();
        Access(const Access&) = delete;
        Access& operator=(const Access&) = delete;
    };

private:
    Memory();
    void protect(int how);

    std::byte* begin_;
    std::mutex mutex_;
    int accesses_ = 0;
    std::size_t used_ = 0;                      ///< the highest end that a block ever had
    std::map<std::size_t, std::size_t> taken_;  ///< the bytes of each block by its begin, counted from begin_
};

}  // namespace isobatch::pretended
