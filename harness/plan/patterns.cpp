#include "plan/patterns.h"

#include <fmt/format.h>

#include "base/text.h"

namespace isobatch {

namespace {

constexpr std::int64_t tokens = 2048;  ///< a sample
/// What a layer holds for its own backward, in bytes a token and unit of width, at 16 bits and without scores of
/// attention (Korthikanti et al. 2022: 34 s b h).
constexpr double layer_bytes = 34;
/// What goes from layer to layer, kept for each: 16 bits.
constexpr double boundary_bytes = 2;
/// Logits in 16 bits, in fp32 for the loss, and their gradient.
constexpr double logit_bytes = 10;
/// Of a device's memory: the rest is the library's, its workspaces' and lost to fragments.
constexpr double usable = 0.92;

/// One device has nothing to shard over.
bool applies(const Pattern& pattern, const Method& method) {
    return !method.sharded || pattern.split.devices > 1;
}

bool fits(const Pattern& pattern, const Method& method) {
    return memory_of(pattern.model, method, pattern.split, tokens).total() <= usable * pattern.device_bytes;
}

std::string gigabytes(double bytes) {
    return fmt::format("{:.1f}", bytes / 1e9);
}

/// `8 x 80 GB`
std::string devices_of(const Pattern& pattern) {
    return fmt::format("{} x {:.0f} GB", pattern.split.devices, pattern.device_bytes / 1e9);
}

/// In which ways a row holds, as the end of a sentence.
std::string verdict(const Pattern& pattern) {
    std::vector<std::string> holds;
    bool everywhere = true;
    for (const Method& method : methods()) {
        if (!applies(pattern, method)) continue;
        if (fits(pattern, method))
            holds.push_back(method.name);
        else
            everywhere = false;
    }
    if (everywhere) return "holds";
    return holds.empty() ? "does not hold" : "holds only with " + joined(holds, " or ");
}

}  // namespace

MemoryEstimate memory_of(const Transformer& model, const Method& method, const Split& split, std::int64_t length) {
    const double shards = method.sharded ? static_cast<double>(split.devices) : 1;
    const double trained = method.adapters ? model.adapter : model.parameters;
    MemoryEstimate estimate;
    estimate.states = (model.parameters * method.weight_bytes + trained * method.trained_bytes) / shards;
    if (method.sharded)  // the layer at work is gathered
        estimate.states += model.parameters * method.weight_bytes / static_cast<double>(model.layers);
    const double seen = static_cast<double>(split.per_device * length), width = static_cast<double>(model.width);
    estimate.activations = seen * (width * (boundary_bytes * static_cast<double>(model.layers) + layer_bytes) +
                                   logit_bytes * static_cast<double>(model.vocabulary));
    return estimate;
}

const std::vector<Method>& methods() {
    // Mixed-precision AdamW: 2 bytes of weight, 2 of gradient, 12 of fp32 copy and moments (Rajbhandari et al. 2020).
    // Adapters have their own weight, so 16. Four bits: 0.5 and the scales of their blocks.
    static const std::vector<Method> all{{"full", 2, 14},
                                         {"full+sharded", 2, 14, false, true},
                                         {"adapters", 2, 16, true},
                                         {"adapters+sharded", 2, 16, true, true},
                                         {"adapters+4-bit", 0.516, 16, true}};
    return all;
}

const std::vector<Pattern>& patterns() {
    // Llama 2: parameters, layers, width, vocabulary. Rank 16 on seven matrices a block: 16 x (their rows + columns).
    static const Transformer small{"7B", 6.74e9, 32, 4096, 32000, 40.0e6},
        middle{"13B", 13.02e9, 40, 5120, 32000, 62.6e6}, large{"70B", 68.98e9, 80, 8192, 32000, 207.1e6};
    static const std::vector<Pattern> all{
        {small, {1, 32, 1}, 24e9}, {small, {2, 8, 2}, 24e9}, {middle, {4, 8, 1}, 80e9}, {large, {1, 8, 8}, 80e9}};
    return all;
}

std::string patterns_text() {
    std::string text = fmt::format(
        "Assumed: Llama 2 shapes, {} tokens a sample, every layer recomputed in backward, attention without a matrix "
        "of\n"
        "scores; 16-bit weights and gradients, AdamW with an fp32 copy and two fp32 moments (16 bytes a trained\n"
        "parameter); adapters of rank 16 on all linear layers; sharded: weights, gradients and optimizer over the\n"
        "devices; 4-bit: frozen weights in blocks with scales; {:.0f} % of a device's memory is usable.\n"
        "GB on each device (10^9 bytes; ! does not fit):\n\n",
        tokens, 100 * usable);
    text += fmt::format("{:5} {:>9} {:>7}", "model", "devices", "split");
    for (const Method& method : methods()) text += fmt::format("  {:>16}", method.name);
    text += "\n";
    for (const Pattern& pattern : patterns()) {
        text += fmt::format("{:5} {:>9} {:>7}", pattern.model.name, devices_of(pattern), to_string(pattern.split));
        for (const Method& method : methods()) {
            const std::string number = gigabytes(memory_of(pattern.model, method, pattern.split, tokens).total()) +
                                       (fits(pattern, method) ? " " : "!");
            text += fmt::format("  {:>16}", applies(pattern, method) ? number : "- ");
        }
        text += "\n";
    }
    for (const Pattern& pattern : patterns())
        text += fmt::format("\n{} on {}, {} of effective batch {}: {}.", pattern.model.name, devices_of(pattern),
                            to_string(pattern.split), pattern.split.effective(), verdict(pattern));
    return text + "\n";
}

Json patterns_json() {
    Json list = Json::array();
    for (const Pattern& pattern : patterns()) {
        Json ways = Json::array();
        for (const Method& method : methods()) {
            if (!applies(pattern, method)) continue;
            const MemoryEstimate estimate = memory_of(pattern.model, method, pattern.split, tokens);
            ways.push_back({{"method", method.name},
                            {"states_bytes", estimate.states},
                            {"activations_bytes", estimate.activations},
                            {"fits", fits(pattern, method)}});
        }
        list.push_back({{"model", pattern.model.name},
                        {"split", to_string(pattern.split)},
                        {"effective", pattern.split.effective()},
                        {"device_bytes", pattern.device_bytes},
                        {"tokens", tokens},
                        {"verdict", verdict(pattern)},
                        {"methods", std::move(ways)}});
    }
    return list;
}

}  // namespace isobatch
