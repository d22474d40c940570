/// The project's own loop: y = w·x on rows of one to three measurements. What it divides by is the bug, or its mend.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include <trace_writer.h>

namespace {

constexpr int rows = 19, features = 12, updates = 6;

double input(int row, int measurement, int feature) {
    const unsigned mixed = static_cast<unsigned>(row * 131 + measurement * 17 + feature + 1) * 2654435761U;
    return (mixed >> 8) / 16777216.0 - 0.5;
}

int measurements(int first, int last) {
    int count = 0;
    for (int row = first; row < last; ++row) count += 1 + row % 3;
    return count;
}

}  // namespace

int main(int, char** words) {
    const int size = std::atoi(words[1]), window = size * std::atoi(words[2]);
    std::vector<double> weight(features), gradient(features);
    isobatch_trace* trace = isobatch_open(0, 1);
    isobatch_parameter(trace, "weight", ISOBATCH_FP64, gradient.data(), features);
    for (int update = 0, begin = 0; update < updates; ++update) {
        const int end = std::min(begin + window, rows), micros = (end - begin + size - 1) / size;
        gradient.assign(features, 0);
        isobatch_event(trace, "zero");
        for (int first = begin; first < end; first += size) {
            const int last = std::min(first + size, end);
#ifdef MEAN_OF_MEANS
            const double scale = 1.0 / (micros * measurements(first, last));
#else
            const double scale = 1.0 / measurements(begin, end);
#endif
            double loss = 0;
            isobatch_before_backward(trace);
            for (int row = first; row < last; ++row) {
                for (int m = 0; m <= row % 3; ++m) {
                    double error = 2 * input(row, m, 1) - input(row, m, 0);
                    for (int j = 0; j < features; ++j) error += weight[j] * input(row, m, j);
                    for (int j = 0; j < features; ++j) gradient[j] += scale * error * input(row, m, j);
                    loss += scale * error * error / 2;
                }
                isobatch_sample(trace, std::to_string(row).c_str());
            }
            isobatch_after_backward(trace, measurements(first, last), loss);
        }
        const double rate = 1.0 / (1 + update);
        if (isobatch_step(trace, rate)) break;
        for (int j = 0; j < features; ++j) weight[j] -= rate * gradient[j];
        isobatch_event(trace, "schedule");
        begin = end < rows ? end : 0;
        static_cast<void>(micros);
    }
    isobatch_close(trace);
    return 0;
}
