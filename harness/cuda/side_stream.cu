#include "cuda/side_stream.h"

#include "cuda/succeeded.cuh"

namespace isobatch::cuda {

SideStream::SideStream() {
    cudaStream_t stream = nullptr;
    // One that would wait for the default stream, and make it wait, would be no other stream for who trains there.
    succeeded(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "making a stream");
    stream_.reset(stream);
}

void SideStream::follow(Stream other) const {
    cudaEvent_t event = nullptr;
    succeeded(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "making an event");
    const cudaError_t recorded = cudaEventRecord(event, other);
    const cudaError_t waits = recorded == cudaSuccess ? cudaStreamWaitEvent(stream(), event, 0) : recorded;
    cudaEventDestroy(event);  // CUDA keeps what was recorded and is waited for
    succeeded(waits, "ordering two streams");
}

void SideStream::Destroy::operator()(Stream stream) const {
    cudaStreamDestroy(stream);
}

}  // namespace isobatch::cuda
