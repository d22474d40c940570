#include "trace/safetensors.h"

#include "tests/base/expect.h"
#include "tests/base/temporary_directory.h"
#include "tests/trace/forge.h"
#include "tests/trace/small_trace.h"

namespace isobatch {
namespace {

/// A file with this header, after its true length, and this many bytes of data.
std::string raw(const std::string& header, std::size_t data) {
    const std::uint64_t length = header.size();
    return std::string(reinterpret_cast<const char*>(&length), sizeof length) + header + std::string(data, 'd');
}

/// The header with blanks up to a multiple of 8, as writers pad it.
std::string padded(std::string header) {
    header.resize((header.size() + 7) / 8 * 8, ' ');
    return header;
}

Tensors read_raw(const std::string& bytes) {
    const TemporaryDirectory directory;
    put(directory / "x.safetensors", bytes);
    return read_safetensors(directory / "x.safetensors");
}

Error refusal(const std::string& header, std::size_t data) {
    return error_of([&] { read_raw(raw(padded(header), data)); });
}

/// One entry of a header.
std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return R"({"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

TEST(Safetensors, ReadsBackAnyTensors) {
    expect_law(300, [] {
        Tensors tensors;
        const auto side = rc::gen::inRange<std::int64_t>(0, 5);
        for (const std::string& key : *rc::gen::container<std::vector<std::string>>(
                 rc::gen::element<std::string>("a", "grad/w", "é\"\n", "", "sample/1/w", "b", "c"))) {
            const auto dtype =
                *rc::gen::element(Dtype::f64, Dtype::f32, Dtype::f16, Dtype::bf16, Dtype::i64, Dtype::i32, Dtype::u8);
            const auto shape = *rc::gen::resize(4, rc::gen::container<std::vector<std::int64_t>>(side));
            tensors[key] = counting_tensor(dtype, shape, *rc::gen::arbitrary<unsigned char>());
        }
        const std::string bytes = safetensors_bytes(tensors);
        const Tensors back = read_raw(bytes);
        RC_ASSERT(back.size() == tensors.size());
        for (const auto& [key, tensor] : tensors) {
            RC_ASSERT(fields(back.at(key)) == fields(tensor));
            RC_ASSERT(reinterpret_cast<std::uintptr_t>(back.at(key).bytes.data()) % bytes_of(tensor.dtype) == 0);
        }
        std::uint64_t length = 0;
        std::memcpy(&length, bytes.data(), sizeof length);
        RC_ASSERT(length % 8 == 0);
    });
}

TEST(Safetensors, LayoutIsTheOneThatOthersRead) {
    const Tensors tensors{{"b", counting_tensor(Dtype::u8, {3}, 'x')},
                          {"a", counting_tensor(Dtype::f32, {1, 1}, 'A')},
                          {"c", counting_tensor(Dtype::f64, {}, 'a')}};
    const std::string header = padded(
        R"({"a":{"data_offsets":[8,12],"dtype":"F32","shape":[1,1]},"b":{"data_offsets":[12,15],"dtype":"U8","shape":[3]},)"
        R"("c":{"data_offsets":[0,8],"dtype":"F64","shape":[]}})");
    EXPECT_EQ(safetensors_bytes(tensors), raw(header, 0) + "abcdefghABCDxyz");
    EXPECT_EQ(safetensors_bytes({}), raw(padded("{}"), 0));
}

TEST(Safetensors, TakesWhatOtherWritersWrite) {
    const std::string f32 = entry("\"F32\"", "[2]", "[0,8]");
    EXPECT_EQ(read_raw(raw(padded(R"({"__metadata__":{"format":"pt"},"a":)" + f32 + "}"), 8)).size(), 1u);
    EXPECT_EQ(read_raw(raw(padded("{}"), 0)).size(), 0u);
    EXPECT_EQ(read_raw(raw(R"({"a":)" + entry("\"U8\"", "[3]", "[0,3]") + "}", 3)).at("a").count(), 3u)
        << "bytes need no alignment";
    const Tensors empties = read_raw(raw(padded(R"({"a":)" + f32 + R"(,"b":)" + entry("\"F32\"", "[0,1000]", "[8,8]") +
                                                R"(,"c":)" + entry("\"F32\"", "[7,0]", "[0,0]") + "}"),
                                         8));
    EXPECT_EQ(empties.at("b").shape, (std::vector<std::int64_t>{0, 1000}));
    EXPECT_EQ(empties.at("c").count(), 0u);
    EXPECT_EQ(read_raw(raw(padded(R"({"s":)" + entry("\"F64\"", "[]", "[0,8]") + "}"), 8)).at("s").count(), 1u);
}

TEST(Safetensors, KeepsTheFileMappedForItsTensors) {
    const TemporaryDirectory directory;
    put(directory / "x", safetensors_bytes({{"a", counting_tensor(Dtype::u8, {4}, 'a')}}));
    const Tensor tensor = read_safetensors(directory / "x").at("a");
    std::filesystem::remove(directory / "x");
    EXPECT_EQ(std::get<2>(fields(tensor)), "abcd");
}

TEST(Safetensors, RefusesALengthThatTheFileDoesNotHave) {
    for (const std::size_t size : {0, 1, 7}) {
        const Error error = error_of([&] { read_raw(std::string(size, '\0')); });
        EXPECT_TRUE(says(error.problem(), "at least 8 bytes"));
        EXPECT_TRUE(says(error.where(), "x.safetensors, byte 0"));
    }
    for (const std::uint64_t length :
         {std::uint64_t{3}, std::uint64_t{1} << 40, std::uint64_t{1} << 63, ~std::uint64_t{0}, ~std::uint64_t{0} - 7}) {
        const Error error = error_of([&] { read_raw(std::string(reinterpret_cast<const char*>(&length), 8) + "{}"); });
        EXPECT_TRUE(says(error.problem(), std::to_string(length) + " exceeds the 2 bytes"));
        EXPECT_TRUE(says(error.where(), "x.safetensors, byte 0"));
    }
}

TEST(Safetensors, RefusesAHeaderThatIsNoObject) {
    for (const char* header : {"", "{", "[]", "7", "null", "\"a\"", "{}x", "{\"\xff\":1}"})
        EXPECT_TRUE(says(error_of([&] { read_raw(raw(header, 0)); }).where(), "x.safetensors, header")) << header;
    EXPECT_TRUE(says(refusal("[1]", 0).problem(), "expected a JSON object"));
}

TEST(Safetensors, RefusesATensorThatDoesNotFitItsBytes) {
    const struct {
        const char *dtype, *shape, *offsets, *problem;
    } cases[] = {
        {"\"F32\"", "[3]", "[0,8]", "shape × dtype is 12 bytes, the offsets span 8"},
        {"\"F32\"", "[1]", "[0,8]", "shape × dtype is 4 bytes, the offsets span 8"},
        {"\"F64\"", "[]", "[0,0]", "shape × dtype is 8 bytes, the offsets span 0"},
        {"\"F32\"", "[0,2]", "[0,8]", "shape × dtype is 0 bytes, the offsets span 8"},
        {"\"F32\"", "[4]", "[0,16]", "offsets [0, 16) leave the 8 bytes of data"},
        {"\"F32\"", "[0]", "[9,9]", "offsets [9, 9) leave the 8 bytes of data"},
        {"\"F32\"", "[2]", "[8,0]", "offsets [8, 0) leave the 8 bytes of data"},
        {"\"F32\"", "[2]", "[0,18446744073709551615]", "leave the 8 bytes of data"},
        {"\"F32\"", "[4611686018427387904,4]", "[0,8]", "the shape needs more than"},  // the product wraps to 0
        {"\"F32\"", "[4294967296,4294967296]", "[0,8]", "the shape needs more than"},
        {"\"U8\"", "[18446744073709551615,18446744073709551615]", "[0,8]", "the shape needs more than"},
        {"\"U8\"", "[9223372036854775808]", "[0,8]", "the shape needs more than"},
        {"\"U8\"", "[0,9223372036854775808]", "[0,0]", "the shape needs more than"},
        {"\"F32\"", "[-2]", "[0,8]", "a side of the shape"},
        {"\"F32\"", "[2.0]", "[0,8]", "a side of the shape"},
        {"\"F32\"", "[\"2\"]", "[0,8]", "a side of the shape"},
        {"\"F32\"", "[[2]]", "[0,8]", "a side of the shape"},
        {"\"F32\"", "[true,2]", "[0,8]", "a side of the shape"},
        {"\"F32\"", "[99999999999999999999]", "[0,8]", "a side of the shape"},
        {"\"F32\"", "2", "[0,8]", "expected a list"},
        {"\"F32\"", "null", "[0,4]", "expected a list"},
        {"\"F32\"", "{\"a\":2}", "[0,8]", "expected a list"},
        {"\"F32\"", "[2]", "[0]", "data_offsets is not a pair"},
        {"\"F32\"", "[2]", "[0,8,8]", "data_offsets is not a pair"},
        {"\"F32\"", "[2]", "[0.0,8]", "data_offsets is not a pair"},
        {"\"F32\"", "[2]", "[0,8.0]", "data_offsets is not a pair"},
        {"\"F32\"", "[2]", "[-8,0]", "data_offsets is not a pair"},
        {"\"F32\"", "[2]", "8", "data_offsets is not a pair"},
        {"\"F32\"", "[2]", "{\"a\":0,\"b\":8}", "malformed JSON"},
        {"\"F128\"", "[2]", "[0,8]", "unknown dtype \"F128\""},
        {"\"f32\"", "[2]", "[0,8]", "unknown dtype \"f32\""},
        {"7", "[2]", "[0,8]", "malformed JSON"},
    };
    for (const auto& bad : cases) {
        const Error error = refusal(R"({"grad/w":)" + entry(bad.dtype, bad.shape, bad.offsets) + "}", 8);
        EXPECT_TRUE(says(error.problem(), bad.problem)) << bad.dtype << bad.shape << bad.offsets;
        EXPECT_TRUE(says(error.where(), "x.safetensors, tensor \"grad/w\"")) << bad.dtype << bad.shape << bad.offsets;
    }
}

TEST(Safetensors, RefusesAnEntryWithoutItsFields) {
    for (const char* value : {"{}", "5", "null", "[]", R"({"dtype":"F32","shape":[2]})",
                              R"({"dtype":"F32","data_offsets":[0,8]})", R"({"shape":[2],"data_offsets":[0,8]})"})
        EXPECT_TRUE(says(refusal(R"({"w":)" + std::string(value) + "}", 8).where(), "tensor \"w\"")) << value;
}

TEST(Safetensors, RefusesDataThatTheHeaderDoesNotCoverExactly) {
    const auto two = [](const char* a, const char* b) {
        return R"({"a":)" + entry("\"F32\"", "[1]", a) + R"(,"b":)" + entry("\"F32\"", "[1]", b) + "}";
    };
    EXPECT_EQ(read_raw(raw(padded(two("[4,8]", "[0,4]")), 8)).size(), 2u);
    const Error gap = refusal(two("[0,4]", "[8,12]"), 12);
    EXPECT_TRUE(says(gap.problem(), "starts at offset 8, expected 4"));
    EXPECT_TRUE(says(gap.where(), "tensor \"b\""));
    EXPECT_TRUE(says(refusal(two("[4,8]", "[8,12]"), 12).problem(), "starts at offset 4, expected 0"));
    EXPECT_TRUE(says(refusal(two("[0,4]", "[0,4]"), 4).problem(), "starts at offset 0, expected 4"));
    EXPECT_TRUE(says(
        refusal(R"({"a":)" + entry("\"F32\"", "[2]", "[0,8]") + R"(,"b":)" + entry("\"F32\"", "[2]", "[4,12]") + "}",
                12)
            .problem(),
        "starts at offset 4, expected 8"));
    EXPECT_TRUE(says(refusal(two("[0,4]", "[4,8]"), 9).problem(), "9 bytes of data, the header describes 8"));
    EXPECT_TRUE(says(refusal("{}", 1).problem(), "1 bytes of data, the header describes 0"));
}

TEST(Safetensors, RefusesDataThatIsNotAlignedForItsElements) {
    const std::string header =
        R"({"a":)" + entry("\"U8\"", "[1]", "[0,1]") + R"(,"b":)" + entry("\"F32\"", "[1]", "[1,5]") + "}";
    EXPECT_TRUE(says(refusal(header, 5).problem(), "offset 1 is not aligned for F32"));
    const std::string unpadded = padded(R"({"a":)" + entry("\"F64\"", "[1]", "[0,8]") + "}") + "    ";
    EXPECT_TRUE(says(error_of([&] { read_raw(raw(unpadded, 8)); }).problem(), "not aligned for F64"));
}

TEST(Safetensors, RefusesTwoTensorsOfOneName) {
    const std::string same = entry("\"F32\"", "[2]", "[0,8]"), other = entry("\"F64\"", "[1]", "[0,8]");
    EXPECT_TRUE(says(refusal(R"({"a":)" + same + R"(,"a":)" + other + "}", 8).problem(), "\"a\" is given twice"));
}

TEST(Safetensors, HostileNamesAreSafeAndShort) {
    const Error error = refusal("{\"\\u001b[2J" + std::string(5000, 'k') + "\":{}}", 0);
    EXPECT_TRUE(says(error.where(), "\\x1b[2Jkkk"));
    EXPECT_LT(error.where().size(), 500u);
}

}  // namespace
}  // namespace isobatch
