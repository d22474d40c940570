#pragma once

#include "cuda/device.h"

namespace isobatch::cuda {

/// A stream beside the one that trains: a Queue on it compares and digests while what training was asked before is
/// under way. Whoever has the answers has also read all there was to read, so that no later write needs to wait.
class SideStream {
public:
    SideStream();

    Stream stream() const { return stream_.get(); }

    /// What this stream is asked from now on begins when what `other` was asked so far is done: before a gradient is
    /// read that is still being written.
    void follow(Stream other) const;

private:
    struct Destroy {
        void operator()(Stream stream) const;
    };
    std::unique_ptr<CUstream_st, Destroy> stream_;
};

}  // namespace isobatch::cuda
