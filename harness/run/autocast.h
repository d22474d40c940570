#pragma once

#include <ATen/autocast_mode.h>

namespace isobatch {

/// While it lives, operators choose their format themselves, as under torch.autocast.
class Autocast {
public:
    explicit Autocast(at::ScalarType dtype) : dtype_before_(at::autocast::get_autocast_dtype(at::kCPU)) {
        at::autocast::set_autocast_enabled(at::kCPU, true);
        at::autocast::set_autocast_dtype(at::kCPU, dtype);
        at::autocast::increment_nesting();
    }
    ~Autocast() {
        if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
        at::autocast::set_autocast_dtype(at::kCPU, dtype_before_);
        at::autocast::set_autocast_enabled(at::kCPU, false);
    }
    Autocast(const Autocast&) = delete;
    Autocast& operator=(const Autocast&) = delete;

private:
    at::ScalarType dtype_before_;
};

}  // namespace isobatch
