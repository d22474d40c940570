// Included once for each set of instructions, inside a namespace that has TARGET, `width`, `widen` (width floats to
// doubles) and `fused` (x · y + z, rounded once).

using Doubles = double __attribute__((vector_size(width * sizeof(double))));
using Integers = std::int64_t __attribute__((vector_size(width * sizeof(double))));

TARGET inline void load(const double* from, Doubles& to) {
    std::memcpy(&to, from, sizeof to);
}

TARGET inline void load(const float* from, Doubles& to) {
    widen(from, to);
}

/// add_one for a span; whether all were within the limit.
template <class T>
TARGET bool add(std::int64_t* counts, const T* values, std::size_t count, double scale, double limit) {
    Integers within = ~Integers{};
    const std::size_t whole = count / width * width;
    for (std::size_t i = 0; i < whole; i += width) {
        prefetch(values + i);
        prefetch(counts + i);
        Doubles value, shifted;
        Integers sum;
        load(values + i, value);
        fused(value, scale, whole_numbers, shifted);
        const Doubles rounded = shifted - whole_numbers;
        const Doubles size = reinterpret_cast<Doubles>(reinterpret_cast<Integers>(rounded) & INT64_MAX);
        const Integers counted = size <= limit;  // false for a NaN
        std::memcpy(&sum, counts + i, sizeof sum);
        sum += (reinterpret_cast<Integers>(shifted) - whole_numbers_bits) & counted;
        std::memcpy(counts + i, &sum, sizeof sum);
        within &= counted;
    }
    bool all = true;
    for (std::size_t lane = 0; lane < width; ++lane) all = all && within[lane] != 0;
    for (std::size_t i = whole; i < count; ++i) all = add_one(counts[i], values[i], scale, limit) && all;
    return all;
}
