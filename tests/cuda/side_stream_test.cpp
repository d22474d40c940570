#include "cuda/side_stream.h"

#include "cuda/digests.h"
#include "tests/cuda/place.h"
#include "tests/cuda/slow_fill.h"

namespace isobatch {
namespace {

constexpr std::size_t count = 1 << 16;

SumDigest digest_of(float value) {
    const std::vector<float> values(count, value);
    return sum_digest(std::as_bytes(std::span(values)));
}

/// A gradient that training writes late, on a stream of its own, and its digest on a side stream: what that reads hangs
/// on nothing but who waits for whom. The CPU has one order.
class SideStreams : public OnBoth {
protected:
    void SetUp() override {
        OnBoth::SetUp();
        if (IsSkipped()) return;
        gradient.emplace(std::vector<float>(count, 1));
        training.emplace();
        side.emplace();
        beside.emplace(side->stream());
        ASSERT_EQ(digest(), digest_of(1)) << "and the queue has its memory, to take which may wait for the whole GPU";
    }

    SumDigest digest() { return cuda::digests(*beside, std::vector{gradient->bytes()})[0]; }
    void write_late(float value) { slow_fill(training->stream(), {gradient->data(), count}, value); }

    std::optional<OnDevice<float>> gradient;
    std::optional<cuda::SideStream> training, side;
    std::optional<cuda::Queue> beside;
};

TEST_P(SideStreams, ReadWhatWasWrittenBefore) {
    write_late(2);
    side->follow(training->stream());
    EXPECT_EQ(digest(), digest_of(2));
}

// The race of a missing wait, on purpose: were it not seen here, the test above would prove nothing.
TEST_P(SideStreams, WithoutAWaitReadWhatWasThereBefore) {
    write_late(2);
    EXPECT_EQ(digest(), digest_of(1));
    side->follow(training->stream());
    EXPECT_EQ(digest(), digest_of(2));
}

INSTANTIATE_TEST_SUITE_P(, SideStreams, testing::Values(std::string("gpu")), name_of);

}  // namespace
}  // namespace isobatch
