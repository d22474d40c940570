// Instead of the .cu files where there is no CUDA toolkit.
#include "base/error.h"
#include "cuda/device.h"
#include "cuda/digests.h"
#include "cuda/exact_sums.h"
#include "cuda/gaps.h"
#include "cuda/side_stream.h"
#include "cuda/tree_norms.h"
#include "cuda/wide_sums.h"

namespace isobatch::cuda {

namespace {

[[noreturn]] void unavailable() {
    throw Error(why_unavailable(), "CUDA", "build with the CUDA toolkit and -DISOBATCH_CUDA=ON");
}

}  // namespace

std::string why_unavailable() {
    return "isobatch was built without the CUDA toolkit";
}

std::string description() {
    unavailable();
}

Memory::Memory(std::size_t) {
    unavailable();
}

Memory::Memory(std::span<const std::byte>) {
    unavailable();
}

void Memory::copy_to(std::span<std::byte>) const {
    unavailable();
}

void Memory::Free::operator()(std::byte*) const {}

std::byte* Queue::pinned(std::size_t) {
    unavailable();
}

std::byte* Queue::scratch(std::size_t) {
    unavailable();
}

std::byte* Queue::zeroed(std::size_t) {
    unavailable();
}

void Queue::Unpin::operator()(std::byte*) const {}

SideStream::SideStream() {
    unavailable();
}

void SideStream::follow(Stream) const {
    unavailable();
}

void SideStream::Destroy::operator()(Stream) const {}

std::vector<Gap> gaps(Queue&, std::span<const PairOfValues>, double) {
    unavailable();
}

std::vector<SumDigest> digests(Queue&, std::span<const std::span<const std::byte>>) {
    unavailable();
}

std::vector<Norms> tree_norms(Queue&, std::span<const Values>) {
    unavailable();
}

void add(Queue&, std::span<ExactSumOnDevice>, std::span<const Values>, double) {
    unavailable();
}

void read(Queue&, std::span<const ExactSumOnDevice>, std::span<double* const>) {
    unavailable();
}

void read(Queue&, std::span<const ExactSumOnDevice>, std::span<float* const>) {
    unavailable();
}

void add(Queue&, std::span<WideSumOnDevice>, std::span<const float* const>) {
    unavailable();
}

void read(Queue&, std::span<const WideSumOnDevice>, std::span<float* const>) {
    unavailable();
}

}  // namespace isobatch::cuda
