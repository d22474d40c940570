#pragma once

#include <filesystem>
#include <string>

#include "trace/tensor.h"

namespace isobatch {

/// The safetensors layout: 8-byte little-endian header length, JSON header, data. Data starts 8-byte aligned and
/// tensors are stored largest element first, so that every element is aligned in place.
std::string safetensors_bytes(const Tensors& tensors);

/// Maps the file and checks every length, offset, shape × dtype product and overlap before it hands out a view. Nothing
/// is copied. Throws Error with the path and the key.
Tensors read_safetensors(const std::filesystem::path& path);

}  // namespace isobatch
