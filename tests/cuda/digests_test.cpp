#include "cuda/digests.h"

#include <random>

#include "tests/cuda/place.h"

namespace isobatch {
namespace {

using Bytes = std::vector<std::byte>;

Bytes random_bytes(std::size_t count) {
    std::mt19937_64 random(count);
    Bytes bytes(count);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    return bytes;
}

class Digests : public OnBoth {
protected:
    std::vector<SumDigest> of(const std::vector<Bytes>& texts, std::size_t shift = 0) {
        std::vector<SumDigest> all;
        if (!on_gpu()) {
            for (const Bytes& text : texts) all.push_back(sum_digest(text));
            return all;
        }
        std::vector<OnDevice<std::byte>> memory;
        for (const Bytes& text : texts) memory.emplace_back(text, shift);
        std::vector<std::span<const std::byte>> tensors;
        for (const OnDevice<std::byte>& text : memory) tensors.push_back(text.bytes());
        return cuda::digests(*queue, tensors);
    }
};

TEST_P(Digests, AreTheCoresOfEverySizeAndAlignment) {
    std::vector<Bytes> texts;
    for (const std::size_t count : {0, 1, 7, 8, 15, 16, 17, 4096, 16'384, 65'535, 65'536, 65'537, 3'000'001})
        texts.push_back(random_bytes(count));
    for (const std::size_t shift : {0, 1, 4, 8, 15}) {
        const std::vector<SumDigest> all = of(texts, shift);
        ASSERT_EQ(all.size(), texts.size());
        for (std::size_t i = 0; i < texts.size(); ++i)
            EXPECT_EQ(to_string(all[i]), to_string(sum_digest(texts[i]))) << texts[i].size() << " bytes, " << shift;
    }
}

TEST_P(Digests, OfAThousandSmallTensors) {
    std::vector<Bytes> texts;
    for (std::size_t i = 0; i < 1000; ++i) texts.push_back(random_bytes(i));
    const std::vector<SumDigest> all = of(texts);
    ASSERT_EQ(all.size(), texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(all[i], sum_digest(texts[i])) << i;
}

TEST_P(Digests, ATextWithTwoUnitsExchangedIsAnother) {
    Bytes good = random_bytes(1'000'000), bad = good;
    std::swap_ranges(bad.begin(), bad.begin() + 16, bad.begin() + 524'288);
    const std::vector<SumDigest> all = of({good, bad, good});
    EXPECT_NE(all[0], all[1]);
    EXPECT_EQ(all[0], all[2]);
}

INSTANTIATE_TEST_SUITE_P(, Digests, on_both(), name_of);

}  // namespace
}  // namespace isobatch
