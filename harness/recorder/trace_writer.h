/// Writes what a training program does as a trace (harness/trace/FORMAT.md), from C99, C++17 or any language that calls
/// C: this one header, libc and nothing else. `isobatch try --splits 8x1x1,2x4x1,1x8x1 -- ./train {per_device} {accum}`
/// runs the program and judges what it wrote; started without isobatch, isobatch_open() gives NULL and every call does
/// nothing.
///
///     isobatch_trace* trace = isobatch_open(0, 1);  // the program's own rank, and how many there are
///     isobatch_parameter(trace, "weight", ISOBATCH_FP32, gradient, count);  // each: where its gradients accumulate
///     for each window:
///         isobatch_event(trace, "zero");                     // wherever the accumulators were cleared
///         for each micro-batch:
///             isobatch_before_backward(trace);
///             isobatch_sample(trace, id);                    // each row, by an id that is the same in every split
///             isobatch_after_backward(trace, units, loss);   // units: what the loss averages over, tokens or rows
///         if (isobatch_step(trace, rate)) break;             // before clip and update; true: enough was seen
///         isobatch_event(trace, "schedule");                 // wherever the rate moves on
///     isobatch_close(trace);
///
/// Of several ranks, {devices} in the command, each says isobatch_event(trace, "reduce") where it exchanged. On the
/// CPU; names and ids need no escapes in JSON. What cannot be written is said on stderr; training goes on.
#ifndef ISOBATCH_TRACE_WRITER_H
#define ISOBATCH_TRACE_WRITER_H

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef enum { ISOBATCH_FP32, ISOBATCH_FP64 } isobatch_dtype;

typedef struct {
    char* data;
    size_t size, capacity;
} isobatch_text;

typedef struct {
    char name[128];
    isobatch_dtype dtype;
    const void* gradient;  // the program's own accumulator
    double* values;        // of it before the backward, or what goes into the window's file
    size_t count;
} isobatch_tensor;

typedef struct {
    const char *folder, *level;
    int per_device, accum, devices, rank, most, ended, failed;  // ended: nothing is recorded any more
    int steps, updates, backwards, micros, zeros, schedules;
    double left_over;
    isobatch_tensor *parameters, *kept;  // kept: for the window's file
    size_t parameter_count, kept_count;
    isobatch_text lines, events, backward, samples, files;
} isobatch_trace;

static inline void* isobatch_grow(void* old, size_t bytes) {
    void* grown = realloc(old, bytes + 1);
    if (!grown) abort();
    return grown;
}

static inline void isobatch_add(isobatch_text* text, const char* format, ...) {
    va_list words, again;
    va_start(words, format);
    va_copy(again, words);
    const size_t length = (size_t)vsnprintf(NULL, 0, format, words);
    if (text->size + length + 1 > text->capacity) {
        text->capacity = 2 * (text->size + length + 1);
        text->data = (char*)isobatch_grow(text->data, text->capacity);
    }
    vsnprintf(text->data + text->size, length + 1, format, again);
    text->size += length;
    va_end(again);
    va_end(words);
}

/// A number as JSON, where the format says %s: it reads back bit for bit, and is a word where JSON has no number.
static inline void isobatch_add_number(isobatch_text* text, const char* format, double value) {
    char digits[40];
    snprintf(digits, sizeof digits, "%.17g", value);
    if (strchr(digits, ',')) *strchr(digits, ',') = '.';  // of a locale
    const char* word = isnan(value) ? "\"nan\"" : value > 0 ? "\"inf\"" : "\"-inf\"";
    isobatch_add(text, format, isfinite(value) ? digits : word);
}

static inline unsigned isobatch_crc32(unsigned crc, const void* data, size_t size) {
    const unsigned char* byte = (const unsigned char*)data;
    for (crc = ~crc; size > 0; --size) {
        crc ^= *byte++;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xedb88320U & (0U - (crc & 1U)));
    }
    return ~crc;
}

static inline void isobatch_fail(isobatch_trace* trace, const char* what, const char* path) {
    if (!trace->failed) fprintf(stderr, "isobatch: %s %s; nothing is recorded, and training goes on\n", what, path);
    trace->failed = trace->ended = 1;  // and there will be no manifest
}

/// Writes one file of the trace, the kept tensors behind its text, and lists it.
static inline void isobatch_write(isobatch_trace* trace, const char* name, const isobatch_text* text) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", trace->folder, name);
    FILE* file = fopen(path, "wb");
    int failed = !file || fwrite(text->data, 1, text->size, file) != text->size;
    unsigned crc = isobatch_crc32(0, text->data, text->size);
    size_t bytes = text->size;
    for (; trace->kept_count > 0; --trace->kept_count) {
        isobatch_tensor* tensor = &trace->kept[trace->kept_count - 1];
        failed = failed || fwrite(tensor->values, sizeof(double), tensor->count, file) != tensor->count;
        crc = isobatch_crc32(crc, tensor->values, tensor->count * sizeof(double));
        bytes += tensor->count * sizeof(double);
        free(tensor->values);
    }
    if ((file && fclose(file) != 0) || failed) isobatch_fail(trace, "free the disk: cannot write", path);
    isobatch_add(&trace->files, "%s\"%s\":{\"bytes\":%zu,", trace->files.size ? "," : "", name, bytes);
    isobatch_add(&trace->files, "\"digest\":\"crc32:%08x\"}", crc);
}

/// The window's tensors as safetensors: fp64, behind a header padded to eight bytes, so that all are aligned.
static inline void isobatch_write_tensors(isobatch_trace* trace, const char* name) {
    isobatch_text text = {NULL, 0, 0};
    size_t end = 0;
    isobatch_add(&text, "%9s", "{");  // the header's length comes before it
    for (size_t i = trace->kept_count; i > 0; --i) {
        const isobatch_tensor* tensor = &trace->kept[i - 1];
        const size_t begin = end;
        end += tensor->count * sizeof(double);
        isobatch_add(&text, "%s\"%s\":{\"dtype\":\"F64\",", begin ? "," : "", tensor->name);
        isobatch_add(&text, "\"shape\":[%zu],\"data_offsets\":[%zu,%zu]}", tensor->count, begin, end);
    }
    isobatch_add(&text, "}");
    while (text.size % 8) isobatch_add(&text, " ");
    for (int byte = 0; byte < 8; ++byte) text.data[byte] = (char)((text.size - 8) >> (8 * byte));
    isobatch_write(trace, name, &text);
    free(text.data);
}

static inline double isobatch_at(const isobatch_tensor* tensor, size_t i) {
    return tensor->dtype == ISOBATCH_FP32 ? ((const float*)tensor->gradient)[i] : ((const double*)tensor->gradient)[i];
}

/// Puts each accumulator into the window's file, or only what the last backward added to it.
static inline void isobatch_keep(isobatch_trace* trace, const char* kind, int added) {
    const size_t size = (trace->kept_count + trace->parameter_count) * sizeof *trace->kept;
    trace->kept = (isobatch_tensor*)isobatch_grow(trace->kept, size);
    for (size_t p = 0; p < trace->parameter_count; ++p) {
        const isobatch_tensor* from = &trace->parameters[p];
        isobatch_tensor* copy = &trace->kept[trace->kept_count++];
        *copy = *from;
        snprintf(copy->name, sizeof copy->name, "%s/%.90s", kind, from->name);
        copy->values = (double*)isobatch_grow(NULL, copy->count * sizeof(double));
        for (size_t i = 0; i < copy->count; ++i) copy->values[i] = isobatch_at(from, i) - (added ? from->values[i] : 0);
    }
}

/// "zero", "schedule" or "reduce", in the order in which they happen.
static inline void isobatch_event(isobatch_trace* trace, const char* event) {
    if (!trace || trace->ended) return;
    isobatch_add(&trace->events, "%s\"%s\"", trace->events.size ? "," : "", event);
    trace->updates += strcmp(event, "step") == 0;
    trace->schedules += strcmp(event, "schedule") == 0;
    trace->zeros += strcmp(event, "zero") == 0;
}

static inline isobatch_trace* isobatch_open(int rank, int ranks) {
    const char *folder = getenv("ISOBATCH_TRACE"), *split = getenv("ISOBATCH_SPLIT"), *steps = getenv("ISOBATCH_STEPS");
    char path[4096];
    if (!folder || !split) return NULL;
    isobatch_trace* trace = (isobatch_trace*)calloc(1, sizeof *trace);
    if (!trace || sscanf(split, "%dx%dx%d", &trace->per_device, &trace->accum, &trace->devices) != 3) abort();
    trace->folder = folder, trace->rank = rank;
    trace->level =
        trace->per_device * trace->devices == 1 ? "full" : "grads";  // full: what each micro, a sample, added
    trace->most = steps && atoi(steps) > 0 ? atoi(steps) : 8;
    snprintf(path, sizeof path, "%s/rank%d", folder, rank);
    isobatch_add(&trace->events, ""), isobatch_add(&trace->backward, ""), isobatch_add(&trace->samples, "");
    if (ranks != trace->devices) isobatch_fail(trace, "open a rank on each of the devices of", split);
    if ((mkdir(folder, 0777) != 0 && ranks == 1) || mkdir(path, 0777) != 0)  // another rank may have made the folder
        isobatch_fail(trace, "name a new folder: cannot make", path);
    return trace;
}

static inline void isobatch_parameter(isobatch_trace* trace, const char* name, isobatch_dtype dtype,
                                      const void* gradient, size_t count) {
    if (!trace) return;
    const size_t size = (trace->parameter_count + 1) * sizeof *trace->parameters;
    trace->parameters = (isobatch_tensor*)isobatch_grow(trace->parameters, size);
    isobatch_tensor* added = &trace->parameters[trace->parameter_count++];
    snprintf(added->name, sizeof added->name, "%.90s", name);
    added->dtype = dtype, added->gradient = gradient, added->count = count;
    added->values = (double*)isobatch_grow(NULL, count * sizeof(double));
}

static inline void isobatch_before_backward(isobatch_trace* trace) {
    if (!trace || trace->ended) return;
    for (size_t p = 0; p < trace->parameter_count; ++p) {
        const isobatch_tensor* tensor = &trace->parameters[p];
        for (size_t i = 0; i < tensor->count; ++i) {
            tensor->values[i] = isobatch_at(tensor, i);
            if (!trace->micros) trace->left_over = fmax(trace->left_over, fabs(tensor->values[i]));
        }
    }
}

static inline void isobatch_sample(isobatch_trace* trace, const char* id) {
    if (!trace || trace->ended) return;
    isobatch_add(&trace->samples, "%s\"%s\"", trace->samples.size ? "," : "", id);
}

static inline void isobatch_after_backward(isobatch_trace* trace, double units, double loss) {
    char text[24];
    if (!trace || trace->ended) return;
    isobatch_add(&trace->backward, "%s{\"index\":%d,\"samples\":[%s],", trace->micros ? "," : "", trace->micros,
                 trace->samples.data);
    isobatch_add_number(&trace->backward, "\"units\":%s,", units);
    isobatch_add_number(&trace->backward, "\"loss\":%s,\"weight\":null}", loss);
    trace->samples.size = *trace->samples.data = 0;
    snprintf(text, sizeof text, "micro/%d", trace->micros);
    if (trace->steps == 0 && strcmp(trace->level, "full") == 0) isobatch_keep(trace, text, 1);
    snprintf(text, sizeof text, "backward %d", trace->micros);
    isobatch_event(trace, text);
    ++trace->micros, ++trace->backwards;
}

/// The line of a window, or null for the one that never ended; and its tensors.
static inline void isobatch_write_line(isobatch_trace* trace, int number, double rate) {
    char name[48];
    unsigned crc = 0;
    snprintf(name, sizeof name, "rank%d/step-%06d.safetensors", trace->rank, trace->steps);
    isobatch_text* line = &trace->lines;
    isobatch_add(line, number ? "{\"step\":%d," : "{\"step\":null,", number);
    isobatch_add(line, "\"epoch\":1,\"events\":[%s],\"micros\":[%s],\"loss\":null,", trace->events.data,
                 trace->backward.data);
    isobatch_add_number(line, "\"lr\":[%s],", rate);
    isobatch_add(line, "\"counters\":{\"optimizer_steps\":%d,\"scheduler_steps\":%d,\"zero_grads\":%d},",
                 trace->updates, trace->schedules, trace->zeros);
    if (trace->kept_count) isobatch_add(line, "\"tensors\":\"%s\",", strchr(name, '/') + 1);
    if (trace->kept_count) isobatch_write_tensors(trace, name);
    for (const isobatch_tensor* from = trace->parameters; from < trace->parameters + trace->parameter_count; ++from)
        crc = isobatch_crc32(crc, from->gradient, from->count * (from->dtype == ISOBATCH_FP32 ? 4 : 8));
    isobatch_add(line, "\"gradient\":\"crc32:%08x\",", crc);
    isobatch_add_number(line, "\"left_over\":%s}\n", trace->left_over);
    trace->events.size = *trace->events.data = trace->backward.size = *trace->backward.data = 0;
    trace->micros = 0, trace->left_over = 0;
}

/// The manifest over all, written last: its presence means that the program came to an end. Of several ranks each
/// leaves its part, and isobatch makes one of them.
static inline void isobatch_end(isobatch_trace* trace) {
    isobatch_text text = {NULL, 0, 0};
    char name[32];
    const int alone = trace->devices == 1;
    const char *trial = getenv("ISOBATCH_TRIAL"), *open = alone ? "" : "[0,",
               *nothing = "{\"crashed\":{\"rank\":0,\"step\":0,\"message\":\"no step\"}}";
    const int fp64 = trace->parameter_count && trace->parameters[0].dtype == ISOBATCH_FP64;
    snprintf(name, sizeof name, "rank%d/steps.jsonl", trace->rank);
    isobatch_write(trace, name, &trace->lines);
    isobatch_add(&text, "%s{\"format\":\"isobatch-trace\",\"version\":1,\"trial\":\"%s\",", open, trial ? trial : "");
    isobatch_add(&text, "\"engine\":\"outside\",\"device\":\"cpu\",\"recipe\":{\"compute\":\"%s\"},",
                 fp64 ? "fp64" : "fp32");
    isobatch_add(&text, "\"split\":{\"per_device\":%d,\"accum\":%d,\"devices\":%d},", trace->per_device, trace->accum,
                 trace->devices);
    isobatch_add(&text, "\"contract\":null,\"level\":\"%s\",\"steps\":%d,\"parameters\":[", trace->level, trace->steps);
    for (size_t p = 0; p < trace->parameter_count; ++p)
        isobatch_add(&text, "%s{\"name\":\"%s\",\"shape\":[%zu]}", p ? "," : "", trace->parameters[p].name,
                     trace->parameters[p].count);
    isobatch_add(&text, "],\"provenance\":{\"writer\":\"trace_writer.h\"},\"ended\":%s,\"files\":{%s}",
                 trace->steps ? "\"complete\"" : nothing, trace->files.data);
    isobatch_add(&text, ",\"manifest_digest\":\"crc32:%08x\"}%s\n", isobatch_crc32(0, text.data, text.size),
                 alone ? "" : "]");
    snprintf(name, sizeof name, alone ? "manifest.json" : "rank%d.part", trace->rank);
    if (!trace->failed) isobatch_write(trace, name, &text);
    free(text.data);
    trace->ended = 1;
}

/// Before clip and update. True once as many windows as asked for, or eight, were seen: the program may stop.
static inline int isobatch_step(isobatch_trace* trace, double rate) {
    if (!trace || trace->ended) return trace && !trace->failed;
    isobatch_event(trace, "step");
    if (!trace->micros && trace->devices == 1) return 0;  // a rank may have no sample of a window
    if (trace->steps == 0) isobatch_keep(trace, "grad", 0);
    isobatch_write_line(trace, ++trace->steps, rate);
    const int enough = trace->devices > 1 ? 0 : trace->most * trace->accum;  // also where each micro-batch is a window
    // Of several ranks none may leave before the others, whose micro-batches may be fewer.
    if (trace->steps >= trace->most && (trace->backwards >= enough || trace->steps >= enough)) isobatch_end(trace);
    return trace->ended && !trace->failed;
}

/// The program's own end.
static inline void isobatch_close(isobatch_trace* trace) {
    if (!trace) return;
    if (!trace->ended) isobatch_write_line(trace, 0, 0), isobatch_end(trace);
    for (size_t p = 0; p < trace->parameter_count; ++p) free(trace->parameters[p].values);
    free(trace->parameters), free(trace->kept);
    free(trace->lines.data), free(trace->events.data), free(trace->backward.data), free(trace->samples.data);
    free(trace->files.data), free(trace);
}

#endif
