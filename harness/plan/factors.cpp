#include "plan/factors.h"

#include <array>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "plan/multiples.h"

namespace isobatch {

namespace {

std::string said(const Factor& factor) {
    return fmt::format("{}={}", factor.name, factor.value);
}

std::array<const Factor*, 3> parts_of(const Factors& factors) {
    return {&factors.per_device, &factors.accum, &factors.devices};
}

/// The known parts, multiplied and in words. No product leaves the largest effective batch.
struct Product {
    std::int64_t value = 1;
    std::string words;
};

Product product_of(const Factors& factors) {
    Product product;
    for (const Factor* part : parts_of(factors)) {
        if (!part->known()) continue;
        if (part->value > max_effective / product.value)
            throw Error(fmt::format("{}: the effective batch would exceed {}", said(*part), max_effective), part->name,
                        fmt::format("give at most {} here", max_effective / product.value));
        product.value *= part->value;
        product.words += (product.words.empty() ? "" : " x ") + said(*part);
    }
    return product;
}

[[noreturn]] void refuse_open(const Factors& factors) {
    std::vector<std::string> open, automatic;
    for (const Factor* factor : {&factors.devices, &factors.per_device, &factors.accum, &factors.effective})
        if (!factor->known()) (factor->automatic ? automatic : open).push_back(factor->name);
    std::string what;
    if (!automatic.empty())
        what = fmt::format("{} {} auto, and nothing here answers it", joined(automatic, ", "),
                           automatic.size() == 1 ? "is" : "are");
    if (!open.empty()) what += fmt::format("{}nothing gives {}", what.empty() ? "" : "; ", joined(open, ", "));
    open.insert(open.end(), automatic.begin(), automatic.end());
    throw Error(what, open.front(),
                fmt::format("give all but one of {} a number: the last follows from the product", joined(open, ", ")));
}

}  // namespace

void merge(Factor& factor, const Factor& other) {
    if (!other.known()) {
        factor.automatic |= other.automatic;
        if (!factor.known() && other.automatic) factor.name = other.name;
        return;
    }
    if (factor.known() && factor.value != other.value)
        throw Error(fmt::format("{} contradicts {}", said(other), said(factor)), other.name,
                    fmt::format("make them equal, or leave one of them out"));
    if (!factor.known()) factor = other;
}

int open_factors(const Factors& factors) {
    int open = factors.effective.known() ? 0 : 1;
    for (const Factor* part : parts_of(factors)) open += part->known() ? 0 : 1;
    return open;
}

Split solved(const Factors& factors) {
    if (open_factors(factors) > 1) refuse_open(factors);
    const auto [product, words] = product_of(factors);
    const Factor& effective = factors.effective;
    Split split{factors.per_device.value, factors.accum.value, factors.devices.value};
    if (!effective.known()) return split;
    const bool open = open_factors(factors) == 1;
    if (!open && effective.value != product)
        throw Error(fmt::format("{} is not {} = {}", said(effective), words, product), effective.name,
                    fmt::format("set {} to {}, or one of the others so that the product is {}", effective.name, product,
                                effective.value));
    // A rounded share would train another batch than was asked for, so that what does not divide is an error.
    if (effective.value % product != 0)
        throw Error(fmt::format("{} leaves a remainder over {} = {}", said(effective), words, product), effective.name,
                    multiples_beside(effective.value, product));
    for (std::int64_t* part : {&split.per_device, &split.accum, &split.devices})
        if (*part == 0) *part = effective.value / product;
    return split;
}

}  // namespace isobatch
