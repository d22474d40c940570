// A logistic regression in C++ that accumulates fp32 gradients; a sample is a sequence of one to three tokens. As
// linear.c:
//   c++ -std=c++17 -I harness/recorder harness/recorder/examples/logistic.cpp -o logistic
//   isobatch try --splits 8x1x1,2x4x1,1x8x1 -- ./logistic {per_device} {accum} [mean-of-means]
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "trace_writer.h"

constexpr int width = 12, samples = 19;  // of a token; of the data
using Vector = std::vector<float>;

/// Adds the gradient of the sum of log(1 + exp(w·x)) over a sample's tokens, times the scale, and returns that sum.
double backward(const Vector& sample, const Vector& weight, float scale, Vector& gradient) {
    double loss = 0;
    for (auto token = sample.begin(); token != sample.end(); token += width) {
        const float score = std::inner_product(weight.begin(), weight.end(), token, 0.0F);
        for (int j = 0; j < width; ++j) gradient[j] += scale * token[j] / (1 + std::exp(-score));
        loss += scale * std::log1p(std::exp(score));
    }
    return loss;
}

float tokens_of(int first, int last) {  // of these samples
    return first < last ? static_cast<float>(1 + first % 3) + tokens_of(first + 1, last) : 0;
}

int main(int count, char** words) {
    if (count < 3) return std::puts("usage: logistic PER_DEVICE ACCUM [mean-of-means]"), 2;
    const int size = std::stoi(words[1]), window = size * std::stoi(words[2]);
    std::vector<Vector> data(samples);
    for (int i = 0; i < samples; ++i)
        for (int k = 0; k < width * (1 + i % 3); ++k)
            data[i].push_back(static_cast<float>(std::rand() % 1000) / 1000 - 0.5F);
    Vector weight(width), gradient(width);
    isobatch_trace* trace = isobatch_open(0, 1);
    isobatch_parameter(trace, "weight", ISOBATCH_FP32, gradient.data(), gradient.size());
    for (int update = 0, begin = 0; update < 6; ++update, begin = begin + window < samples ? begin + window : 0) {
        const int end = std::min(begin + window, samples), micros = (end - begin + size - 1) / size;
        for (float& each : gradient) each = 0;
        isobatch_event(trace, "zero");
        for (int first = begin; first < end; first += size) {
            const int last = std::min(first + size, end);
            const float divisor = count > 3 ? micros * tokens_of(first, last) : tokens_of(begin, end);
            double loss = 0;
            isobatch_before_backward(trace);
            for (int sample = first; sample < last; ++sample) {
                loss += backward(data[sample], weight, 1 / divisor, gradient);
                isobatch_sample(trace, std::to_string(sample).c_str());
            }
            isobatch_after_backward(trace, tokens_of(first, last), loss);
        }
        if (isobatch_step(trace, 0.5)) break;
        for (int j = 0; j < width; ++j) weight[j] -= 0.5F * gradient[j];
    }
    isobatch_close(trace);
    std::printf("trained %.9g\n", weight[0]);
}
