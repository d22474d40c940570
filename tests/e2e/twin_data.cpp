/// Writes what a trial of mlp is made of, for ddp_twin.py: `twin_data TRIAL FILE`, with the weights at the start and,
/// for each window, rank and micro, its inputs, their layout in memory, its targets and what its summed loss is divided
/// by.
#include <fmt/format.h>

#include "base/file.h"
#include "run/replica.h"
#include "run/setup.h"
#include "run/tensors.h"
#include "trace/safetensors.h"

int main(int argc, char** argv) {
    using namespace isobatch;
    if (argc != 3) return 2;
    const Setup setup = make_setup(parse_trial(argv[1]));
    const at::ScalarType dtype = scalar_type(setup.trial.recipe);
    Tensors tensors;
    const Replica replica = make_replica(*setup.subject, setup.trial, 0, setup.trained_windows());
    for (std::size_t i = 0; i < replica.names.size(); ++i)
        tensors["param/" + replica.names[i]] = snapshot(replica.parameters[i]);
    std::int64_t step = 0;
    for (const Batch& batch : setup.batches()) {
        const Window window = setup.window(batch);
        ++step;
        for (const Slice& micro : window.micros) {
            const std::string place = fmt::format("{}/{}/{}", step, micro.place, micro.micro);
            const Examples examples = setup.examples(window.of(micro), dtype);
            tensors["inputs/" + place] = snapshot(examples[0]);
            // Rows that are cut out of longer ones are not contiguous, and at::linear takes another kernel for them.
            tensors["width/" + place] =
                doubles_tensor({static_cast<double>(examples[0].stride(0) / examples[0].size(2))});
            tensors["targets/" + place] = snapshot(examples[1]);
            tensors["divisor/" + place] = doubles_tensor({setup.decisions.divisor(window, micro)});
        }
    }
    write_file(argv[2], safetensors_bytes(tensors));
    return 0;
}
