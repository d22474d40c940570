#pragma once

#include <ATen/autocast_mode.h>

namespace isobatch {

/// While it lives, operators choose their format themselves, as under torch.autocast.
class Autocast {
public:
    Autocast(at::DeviceType device, at::ScalarType dtype)
        : device_(device), dtype_before_(at::autocast::get_autocast_dtype(device)) {
        at::autocast::set_autocast_enabled(device, true);
        at::autocast::set_autocast_dtype(device, dtype);
        at::autocast::increment_nesting();
    }
    ~Autocast() {
        if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
        at::autocast::set_autocast_dtype(device_, dtype_before_);
        at::autocast::set_autocast_enabled(device_, false);
    }
    Autocast(const Autocast&) = delete;
    Autocast& operator=(const Autocast&) = delete;

private:
    at::DeviceType device_;
    at::ScalarType dtype_before_;
};

}  // namespace isobatch
