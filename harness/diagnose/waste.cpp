#include "diagnose/waste.h"

#include <algorithm>

#include <fmt/format.h>

namespace isobatch {

namespace {

/// Once is enough; the least that is too much is twice.
constexpr double tolerated = 1.5;

}  // namespace

std::optional<Waste> waste_of(std::span<const Record> matrix) {
    const auto most = std::max_element(matrix.begin(), matrix.end(), [](const Record& a, const Record& b) {
        return a.traffic.exchanges < b.traffic.exchanges;
    });
    if (most == matrix.end() || !(most->traffic.exchanges > tolerated)) return std::nullopt;
    return Waste{
        fmt::format("{} exchanges its gradients {:.3g} times a window, where once is enough: {} bytes in {} "
                    "collectives",
                    to_string(most->trial.split), most->traffic.exchanges, most->traffic.bytes, most->traffic.calls),
        "Enter no_sync() around the forward and the backward of every micro-batch but the window's last: DDP "
        "decides in the forward.",
        most->repro};
}

Json to_json(const Waste& waste) {
    return {{"summary", waste.summary}, {"remedy", waste.remedy}, {"repro", waste.repro}};
}

}  // namespace isobatch
