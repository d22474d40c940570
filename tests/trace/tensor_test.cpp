#include "trace/tensor.h"

#include <bit>
#include <cmath>
#include <numeric>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

constexpr Dtype all_dtypes[] = {Dtype::f64, Dtype::f32, Dtype::f16, Dtype::bf16, Dtype::i64, Dtype::i32, Dtype::u8};

template <class T>
std::vector<double> doubles(Dtype dtype, const std::vector<T>& elements) {
    return as_doubles(
        {dtype, {static_cast<std::int64_t>(elements.size())}, std::as_bytes(std::span(elements)), nullptr}, "test");
}

TEST(Dtype, NamesAndSizesAreThoseOfSafetensors) {
    const std::pair<const char*, std::size_t> expected[] = {{"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2},
                                                            {"I64", 8}, {"I32", 4}, {"U8", 1}};
    for (std::size_t i = 0; i < std::size(all_dtypes); ++i) {
        EXPECT_EQ(to_string(all_dtypes[i]), expected[i].first);
        EXPECT_EQ(bytes_of(all_dtypes[i]), expected[i].second);
        EXPECT_EQ(parse_dtype(expected[i].first, "w"), all_dtypes[i]);
    }
}

TEST(Dtype, FloatingOnesAreThoseThatHaveDoubles) {
    const double zero = 0;
    for (const Dtype dtype : all_dtypes) {
        const Tensor tensor{dtype, {1}, std::as_bytes(std::span(&zero, 1)).first(bytes_of(dtype)), nullptr};
        if (is_floating(dtype))
            EXPECT_NO_THROW(as_doubles(tensor, "w"));
        else
            EXPECT_THROW(as_doubles(tensor, "w"), Error);
    }
}

TEST(Dtype, UnknownNameIsAnErrorWithItsPlace) {
    for (const char* text : {"", "f32", "F8", "F320", "FLOAT"}) EXPECT_THROW(parse_dtype(text, "w"), Error) << text;
    const Error error = error_of([] { parse_dtype("\x1b" + std::string(1000, 'F'), "file, tensor"); });
    EXPECT_EQ(error.where(), "file, tensor");
    EXPECT_TRUE(says(error.problem(), "\\x1bF"));
    EXPECT_LT(error.problem().size(), 100u);
}

TEST(DoublesTensor, OwnsItsNumbers) {
    const Tensor tensor = doubles_tensor({1.5, -2, 0.1});
    EXPECT_EQ(tensor.dtype, Dtype::f64);
    EXPECT_EQ(tensor.shape, std::vector<std::int64_t>{3});
    EXPECT_EQ(tensor.count(), 3u);
    EXPECT_EQ(as_doubles(tensor, "w"), (std::vector<double>{1.5, -2, 0.1}));
    EXPECT_EQ(tensor.as<double>()[2], 0.1);
    EXPECT_EQ(doubles_tensor({}).shape, std::vector<std::int64_t>{0});
    EXPECT_TRUE(as_doubles(doubles_tensor({}), "w").empty());
}

TEST(AsDoubles, WidensExactly) {
    EXPECT_EQ(doubles<float>(Dtype::f32, {0.1F, -3.4e38F, 1e-45F, -0.0F}),
              (std::vector<double>{0.1F, -3.4e38F, 1e-45F, 0}));
    EXPECT_TRUE(std::signbit(doubles<float>(Dtype::f32, {-0.0F})[0]));
    EXPECT_EQ(doubles<std::uint16_t>(Dtype::bf16, {0x3f80, 0xc040, 0x7f80, 0x0001}),
              (std::vector<double>{1, -3, HUGE_VAL, std::ldexp(1, -133)}));
    EXPECT_TRUE(std::isnan(doubles<std::uint16_t>(Dtype::bf16, {0x7fc0})[0]));
}

TEST(AsDoubles, ReadsHalfPrecision) {
    const std::vector<std::uint16_t> bits{0x0000, 0x8000, 0x0001, 0x03ff, 0x0400, 0x3c00,
                                          0xc000, 0x3555, 0x7bff, 0x7c00, 0xfc00};
    const std::vector<double> expected{0,  -0.0,           0x1p-24, 0x3ffp-24, 0x1p-14,  1,
                                       -2, 0.333251953125, 65504,   HUGE_VAL,  -HUGE_VAL};
    EXPECT_EQ(doubles(Dtype::f16, bits), expected);
    EXPECT_TRUE(std::signbit(doubles<std::uint16_t>(Dtype::f16, {0x8000})[0]));
    for (const std::uint16_t nan : {0x7c01, 0x7e00, 0xffff})
        EXPECT_TRUE(std::isnan(doubles<std::uint16_t>(Dtype::f16, {nan})[0])) << nan;
}

TEST(AsDoubles, HalfPrecisionGrowsByOneUlpAPattern) {
    for (std::uint16_t bits = 0; bits + 1 < 0x7c00; ++bits) {
        const auto pair = doubles<std::uint16_t>(
            Dtype::f16, {bits, static_cast<std::uint16_t>(bits + 1), static_cast<std::uint16_t>(bits | 0x8000)});
        const int exponent = std::max(bits >> 10, 1);
        ASSERT_EQ(pair[1] - pair[0], std::ldexp(1, exponent - 25)) << bits;
        ASSERT_EQ(pair[2], -pair[0]) << bits;
    }
}

TEST(AsDoubles, RefusesIntegersWithTheirPlace) {
    for (const Dtype dtype : {Dtype::i64, Dtype::i32, Dtype::u8}) {
        const Error error = error_of([&] { doubles<std::int64_t>(dtype, {1}); });
        EXPECT_TRUE(says(error.problem(), to_string(dtype)));
        EXPECT_EQ(error.where(), "test");
    }
}

TEST(Blocks, AreAllElementsInTheirOrder) {
    for (const std::size_t count : {0, 1, 4095, 4096, 4097, 10000}) {
        std::vector<float> narrow(count);
        std::iota(narrow.begin(), narrow.end(), 0.5F);
        const std::vector<double> wide(narrow.begin(), narrow.end());
        const std::vector<std::int64_t> shape{static_cast<std::int64_t>(count)};
        for (const Tensor& tensor : {Tensor{Dtype::f32, shape, std::as_bytes(std::span(narrow)), nullptr},
                                     Tensor{Dtype::f64, shape, std::as_bytes(std::span(wide)), nullptr}}) {
            std::vector<double> seen;
            each_block(tensor, "test", [&](std::span<const double> block) {
                EXPECT_LE(block.size(), Block().size());
                seen.insert(seen.end(), block.begin(), block.end());
            });
            EXPECT_EQ(seen, wide);
        }
    }
}

TEST(Blocks, OfDoublesAreNoCopy) {
    const Tensor tensor = doubles_tensor({1, 2, 3});
    Block memory;
    EXPECT_EQ(block_of(tensor, 1, memory, "test").data(), tensor.as<double>().data() + 1);
    EXPECT_EQ(block_of(tensor, 1, memory, "test").size(), 2U);
}

TEST(Blocks, RefuseIntegersWithTheirPlace) {
    Block memory;
    EXPECT_EQ(error_of([&] { block_of({Dtype::i32, {0}, {}, nullptr}, 0, memory, "test"); }).where(), "test");
}

}  // namespace
}  // namespace isobatch
