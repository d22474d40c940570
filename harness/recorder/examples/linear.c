// A linear regression in plain C that accumulates gradients; a sample has one to three measurements. To try it:
//   cc -std=c99 -I harness/recorder harness/recorder/examples/linear.c -o linear -lm
//   isobatch try --splits 8x1x1,2x4x1,1x8x1 -- ./linear {per_device} {accum}
// A third word, mean-of-means, makes it average each micro-batch and then those means, as trainers have done.
#include "trace_writer.h"

enum { FEATURES = 12, SAMPLES = 19, UPDATES = 6 };

static double weight[FEATURES], gradient[FEATURES];

static double input(int sample, int measurement, int feature) {
    const unsigned mixed = (unsigned)(sample * 131 + measurement * 17 + feature + 1) * 2654435761u;
    return (mixed >> 8) / 16777216.0 - 0.5;
}

static double backward(int sample, double scale) {  // of half the squared errors
    double loss = 0;
    for (int m = 0; m <= sample % 3; ++m) {
        double error = 2 * input(sample, m, 1) - input(sample, m, 0);
        for (int j = 0; j < FEATURES; ++j) error += weight[j] * input(sample, m, j);
        for (int j = 0; j < FEATURES; ++j) gradient[j] += scale * error * input(sample, m, j);
        loss += scale * error * error / 2;
    }
    return loss;
}

static int counted(int first, int last) {  // measurements
    return first < last ? 1 + first % 3 + counted(first + 1, last) : 0;
}

int main(int count, char** words) {
    if (count < 3) return fprintf(stderr, "usage: linear PER_DEVICE ACCUM [mean-of-means]\n"), 2;
    const int size = atoi(words[1]), window = size * atoi(words[2]), means = count > 3;
    isobatch_trace* trace = isobatch_open(0, 1);
    isobatch_parameter(trace, "weight", ISOBATCH_FP64, gradient, FEATURES);
    for (int update = 0, begin = 0; update < UPDATES; ++update, begin = begin + window < SAMPLES ? begin + window : 0) {
        const int end = begin + window < SAMPLES ? begin + window : SAMPLES, micros = (end - begin + size - 1) / size;
        const double rate = 1.0 / (1 + update);
        memset(gradient, 0, sizeof gradient);
        isobatch_event(trace, "zero");
        for (int first = begin; first < end; first += size) {
            const int last = first + size < end ? first + size : end;
            double loss = 0;
            isobatch_before_backward(trace);
            for (int sample = first; sample < last; ++sample) {
                char id[16];
                loss += backward(sample, 1.0 / (means ? micros * counted(first, last) : counted(begin, end)));
                snprintf(id, sizeof id, "%d", sample);
                isobatch_sample(trace, id);
            }
            isobatch_after_backward(trace, counted(first, last), loss);
        }
        if (isobatch_step(trace, rate)) break;
        for (int j = 0; j < FEATURES; ++j) weight[j] -= rate * gradient[j];
        isobatch_event(trace, "schedule");
    }
    isobatch_close(trace);
    printf("trained %.17g\n", weight[0]);
    return 0;
}
