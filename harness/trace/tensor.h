#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace isobatch {

enum class Dtype { f64, f32, f16, bf16, i64, i32, u8 };

/// The names of safetensors: `F64`, `F32` …
std::string to_string(Dtype dtype);
/// Throws Error naming `where`.
Dtype parse_dtype(std::string_view text, const std::string& where);
std::size_t bytes_of(Dtype dtype);
/// Whether as_doubles takes it.
bool is_floating(Dtype dtype);

/// A view of row-major little-endian numbers and whatever keeps them alive: a mapped file, or the memory of a running
/// model.
struct Tensor {
    Dtype dtype = Dtype::f32;
    std::vector<std::int64_t> shape;
    std::span<const std::byte> bytes;
    std::shared_ptr<const void> owner;

    std::size_t count() const { return bytes.size() / bytes_of(dtype); }
    /// The elements, for a dtype that the caller has checked.
    template <class T>
    std::span<const T> as() const {
        return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
    }
};

/// A tensor of doubles that owns its memory.
Tensor doubles_tensor(std::vector<double> values);

/// The elements as doubles, converted where the dtype is narrower. Throws Error for an integer dtype.
std::vector<double> as_doubles(const Tensor& tensor, const std::string& where);

/// Elements that are looked at together: they stay in a processor's first cache, and no tensor is copied whole.
using Block = std::array<double, 4096>;

/// The elements from `begin` on, at most a block of them: where they lie when they are doubles, else converted into
/// `memory`. Throws Error as as_doubles does.
std::span<const double> block_of(const Tensor& tensor, std::size_t begin, Block& memory, const std::string& where);

/// Calls visit for all elements, block after block.
template <class Visit>
void each_block(const Tensor& tensor, const std::string& where, Visit visit) {
    Block memory;
    for (std::size_t begin = 0; begin < tensor.count(); begin += memory.size())
        visit(block_of(tensor, begin, memory, where));
}

/// Keyed by the names of the format: `grad/<p>`, `param/<p>` …
using Tensors = std::map<std::string, Tensor>;

}  // namespace isobatch
