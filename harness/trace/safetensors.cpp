#include "trace/safetensors.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

namespace isobatch {

namespace {

constexpr std::size_t prefix_bytes = 8;
constexpr std::uint64_t max_bytes = std::uint64_t{1}
                                    << 62;  ///< of one tensor: beyond any file, and no sum or product overflows

struct Extent {
    std::uint64_t begin, end;
    std::string key;
};

[[noreturn]] void damaged(const std::string& where, std::string problem) {
    throw Error(std::move(problem), where, "write the trace again; nothing of this file was used");
}

/// The header's JSON text, after its length was checked against the file's.
std::string_view header_text(const MappedFile& file, const std::string& where) {
    const std::string_view bytes = file.text();
    if (bytes.size() < prefix_bytes)
        damaged(where + ", byte 0",
                fmt::format("expected at least {} bytes, the file has {}", prefix_bytes, bytes.size()));
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), prefix_bytes);
    if (length > bytes.size() - prefix_bytes)
        damaged(where + ", byte 0",
                fmt::format("header length {} exceeds the {} bytes that follow", length, bytes.size() - prefix_bytes));
    return bytes.substr(prefix_bytes, length);
}

/// One entry of the header as a checked view into `data`.
Tensor checked_view(const Json& entry, std::span<const std::byte> data, const std::string& where, Extent& extent) {
    Tensor tensor;
    tensor.dtype = parse_dtype(entry.at("dtype").get<std::string>(), where);
    std::uint64_t expected = bytes_of(tensor.dtype);  // the product of the sides that are not 0
    bool empty = false;
    for (const Json& side : list_from_json(entry.at("shape"), where)) {
        if (!side.is_number_unsigned()) damaged(where, "a side of the shape is not a whole number of at least 0");
        const auto length = side.get<std::uint64_t>();
        if (length == 0)
            empty = true;
        else if (__builtin_mul_overflow(expected, length, &expected) || expected > max_bytes)
            damaged(where, fmt::format("the shape needs more than {} bytes", max_bytes));
        tensor.shape.push_back(static_cast<std::int64_t>(length));
    }
    if (empty) expected = 0;
    const Json& offsets = entry.at("data_offsets");
    if (offsets.size() != 2 || !offsets[0].is_number_unsigned() || !offsets[1].is_number_unsigned())
        damaged(where, "data_offsets is not a pair of whole numbers");
    extent.begin = offsets[0].get<std::uint64_t>();
    extent.end = offsets[1].get<std::uint64_t>();
    if (extent.begin > extent.end || extent.end > data.size())
        damaged(where,
                fmt::format("offsets [{}, {}) leave the {} bytes of data", extent.begin, extent.end, data.size()));
    if (extent.end - extent.begin != expected)
        damaged(where,
                fmt::format("shape × dtype is {} bytes, the offsets span {}", expected, extent.end - extent.begin));
    tensor.bytes = data.subspan(extent.begin, extent.end - extent.begin);
    if (reinterpret_cast<std::uintptr_t>(tensor.bytes.data()) % bytes_of(tensor.dtype) != 0)
        damaged(where,
                fmt::format("the data at offset {} is not aligned for {}", extent.begin, to_string(tensor.dtype)));
    return tensor;
}

}  // namespace

std::string safetensors_bytes(const Tensors& tensors) {
    std::vector<Tensors::const_iterator> order;
    for (auto it = tensors.begin(); it != tensors.end(); ++it) order.push_back(it);
    std::stable_sort(order.begin(), order.end(),
                     [](auto a, auto b) { return bytes_of(a->second.dtype) > bytes_of(b->second.dtype); });

    Json header = Json::object();
    std::uint64_t offset = 0;
    for (const auto& it : order) {
        const Tensor& tensor = it->second;
        header[it->first] = {{"dtype", to_string(tensor.dtype)},
                             {"shape", tensor.shape},
                             {"data_offsets", {offset, offset + tensor.bytes.size()}}};
        offset += tensor.bytes.size();
    }
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');
    const std::uint64_t length = text.size();

    std::string bytes;
    bytes.reserve(prefix_bytes + text.size() + offset);
    bytes.append(reinterpret_cast<const char*>(&length), prefix_bytes).append(text);
    for (const auto& it : order)
        bytes.append(reinterpret_cast<const char*>(it->second.bytes.data()), it->second.bytes.size());
    return bytes;
}

Tensors read_safetensors(const std::filesystem::path& path) {
    const auto file = MappedFile::open(path);
    const std::string where = path.string();
    const std::string_view text = header_text(*file, where);
    const Json header = parse_json(text, where + ", header");
    if (!header.is_object()) damaged(where + ", header", "expected a JSON object");
    const auto data = file->bytes().subspan(prefix_bytes + text.size());

    Tensors tensors;
    std::vector<Extent> extents;
    for (const auto& [key, entry] : header.items()) {
        if (key == "__metadata__") continue;
        const std::string place = fmt::format("{}, tensor \"{}\"", where, printable(key.substr(0, 200)));
        Extent extent{0, 0, key};
        Tensor tensor = reading(place, [&] { return checked_view(entry, data, place, extent); });
        tensor.owner = file;
        tensors.emplace(key, std::move(tensor));
        extents.push_back(std::move(extent));
    }
    std::sort(extents.begin(), extents.end(),
              [](const Extent& a, const Extent& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
    std::uint64_t end =
        0;  // the data must be covered exactly: a gap hides bytes, an overlap lets two names share one tensor
    for (const Extent& extent : extents) {
        if (extent.begin != end)
            damaged(fmt::format("{}, tensor \"{}\"", where, printable(extent.key.substr(0, 200))),
                    fmt::format("starts at offset {}, expected {}", extent.begin, end));
        end = extent.end;
    }
    if (end != data.size()) damaged(where, fmt::format("{} bytes of data, the header describes {}", data.size(), end));
    return tensors;
}

}  // namespace isobatch
