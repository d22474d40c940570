#pragma once

#include <string>

#include <torch/nn/module.h>

#include "cases/draw.h"

namespace isobatch {

/// A model whose parameters are normal numbers, each drawn for its own name.
struct Drawn : torch::nn::Module {
    Drawn(at::ScalarType dtype, Seed seed) : dtype_(dtype), seed_(seed) {}

protected:
    at::Tensor parameter(const std::string& name, at::IntArrayRef shape, double deviation) {
        return register_parameter(name, draw_normal(shape, deviation, seed_.split(name)).to(dtype_));
    }

    at::ScalarType dtype_;
    Seed seed_;
};

}  // namespace isobatch
