/// Writes DIR/reference.trace and DIR/candidate.trace: a synthetic clean run of WINDOWS windows with 25 million fp32
/// parameters in 160 tensors, four samples a window; about 1.2 GB a window, both together.
#include <cstdlib>
#include <filesystem>
#include <string>

#include <fmt/format.h>

#include "tests/judge/synthetic.h"
#include "trace/sink.h"

int main(int argc, char** argv) {
    using namespace isobatch;
    if (argc != 3 || std::atoi(argv[2]) < 1) {
        fmt::print(stderr, "usage: write_pair DIR WINDOWS\n");
        return 2;
    }
    constexpr std::int64_t effective = 4;
    SyntheticOptions options{.recipe = Recipe::fp32, .effective = effective, .epochs = 1, .parameters = {}};
    options.samples = effective * std::atoi(argv[2]);
    for (int i = 0; i < 160; ++i) options.parameters.push_back({fmt::format("weight{}", i), {156'250}});
    const std::filesystem::path directory = argv[1];
    const Synthetic run(options);
    write_trace(run.reference(), directory / "reference.trace");
    write_trace(run.candidate({1, effective, 1}), directory / "candidate.trace");
}
