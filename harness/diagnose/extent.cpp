#include "diagnose/extent.h"

#include <cmath>

#include <fmt/format.h>

#include "base/listed.h"
#include "base/text.h"

namespace isobatch {

std::string parts_sentence(const std::vector<std::string>& wrong) {
    if (wrong.empty()) return {};
    std::vector<std::string> names;
    for (const std::string& name : wrong) names.push_back(printable(name));
    const bool one = wrong.size() == 1;
    return fmt::format(" Of all gradients only {} {} {} wrong.", one ? "that of" : "those of", listed(names),
                       one ? "is" : "are");
}

std::string units_sentence(const Recovered& recovered, double weight_tolerance) {
    std::size_t units = 0, wrong = 0;
    for (const std::vector<double>& sample : recovered.units)
        for (const double weight : sample) {
            ++units;
            wrong += std::abs(weight - 1) > weight_tolerance;
        }
    if (units == 0) return {};
    return fmt::format(
        " No weights of whole samples leave the gradient that was made there; those of their units do: "
        "{} of {} scored units do not count once.",
        wrong, units);
}

std::string alike_sentence(const Recovered& recovered, const std::vector<std::string>& samples) {
    if (!recovered.by_micros.empty())
        return fmt::format(" Only whole micro-batches can be told apart, each sample has the weight of its own: {}.",
                           printable(recovered.by_micros));
    std::vector<std::string> names;
    for (const std::vector<Source>& parts : recovered.alike)
        for (const Source& part : parts) names.push_back(printable(samples[part.sample]));
    if (names.empty()) return {};
    const std::string which =
        recovered.units.empty() ? "The samples " + listed(names) : fmt::format("{} units", names.size());
    return fmt::format(
        " {} have each the gradient of another one, from which nothing tells them apart: the weight of "
        "each is the mean of those that are alike.",
        which);
}

std::string refused_sentence(const WindowEvidence& window) {
    if (window.refused.empty()) return {};
    return fmt::format(" No weights could be read in step {}: {}.", window.step, printable(window.refused));
}

}  // namespace isobatch
