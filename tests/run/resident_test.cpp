#include "run/resident.h"

#include <cstring>
#include <memory>

#include <gtest/gtest.h>

namespace isobatch {

TEST(Resident, ThePeakIsOfWhatWasTouchedAndIsForgotten) {
    constexpr std::int64_t bytes = 64 << 20;
    forget_resident_peak();
    const std::int64_t before = resident_peak_bytes();
    EXPECT_GT(before, 1 << 20);
    {
        const auto block = std::make_unique_for_overwrite<char[]>(bytes);
        std::memset(block.get(), 1, bytes);
        EXPECT_GE(resident_peak_bytes(), before + bytes * 9 / 10);
    }
    EXPECT_GE(resident_peak_bytes(), before + bytes * 9 / 10) << "a peak stays";
    forget_resident_peak();
    EXPECT_LT(resident_peak_bytes(), before + bytes / 2);
}

}  // namespace isobatch
