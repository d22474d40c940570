#include "plan/identity.h"

#include <algorithm>
#include <bit>
#include <tuple>

#include <fmt/format.h>

#include "base/check.h"
#include "base/error.h"
#include "base/text.h"

namespace isobatch {

std::string to_string(Identity identity) {
    switch (identity) {
        case Identity::null_micro:
            return "null-micro";
        case Identity::replicate_2:
            return "replicate-2";
        case Identity::replicate_4:
            return "replicate-4";
        case Identity::scale:
            return "scale";
        case Identity::swap_micros:
            return "swap-micros";
        case Identity::swap_devices:
            return "swap-devices";
        case Identity::one_device:
            return "one-device";
        case Identity::cancel_micros:
            return "cancel-micros";
        case Identity::cancel_devices:
            return "cancel-devices";
        case Identity::strict:
            return "strict";
    }
    broken_promise("identity", "unknown identity", __FILE__, __LINE__);
}

std::vector<std::string> known_identities() {
    std::vector<std::string> names;
    for (const Identity identity : all_identities) names.push_back(to_string(identity));
    return names;
}

Identity parse_identity(std::string_view text) {
    for (const Identity identity : all_identities)
        if (to_string(identity) == text) return identity;
    const std::vector<std::string> known = known_identities();
    throw Error(fmt::format("unknown identity \"{}\"", printable(text)), "--identities",
                fmt::format("did you mean {}? Known: all, {}", nearest(text, known), joined(known, ", ")));
}

std::string meaning(Identity identity) {
    switch (identity) {
        case Identity::null_micro:
            return "a micro-batch without a scored unit, before and after the others, changes nothing";
        case Identity::replicate_2:
            return "a micro-batch twice, in a window of twice its units, is that micro-batch once";
        case Identity::replicate_4:
            return "a micro-batch four times, in a window of four times its units, is that micro-batch once";
        case Identity::scale:
            return "a loss times 1024, whose gradient is divided by 1024, has the gradient of the loss";
        case Identity::swap_micros:
            return "the order of a device's two micro-batches does not matter";
        case Identity::swap_devices:
            return "it does not matter which of two devices holds what";
        case Identity::one_device:
            return "two devices with a micro-batch each do what one device does that accumulates both";
        case Identity::cancel_micros:
            return "a micro-batch that a device adds and subtracts in turn leaves nothing";
        case Identity::cancel_devices:
            return "a micro-batch that one device adds and the next one subtracts leaves nothing";
        case Identity::strict:
            return "the gradients of single samples, rounded so that no sum of them is, add up to the same bits in any "
                   "split";
    }
    broken_promise("identity", "unknown identity", __FILE__, __LINE__);
}

std::vector<Identity> parse_identities(std::string_view text) {
    if (text.empty()) return {};
    if (text == "all") return {all_identities.begin(), all_identities.end()};
    std::vector<Identity> identities;
    for (const std::string& name : pieces(text, ',')) {
        identities.push_back(parse_identity(name));
        if (std::count(identities.begin(), identities.end(), identities.back()) > 1)
            throw Error(fmt::format("identity {} is given twice", name), "--identities", "name each identity once");
    }
    return identities;
}

bool cancels(Identity identity) {
    return identity == Identity::cancel_micros || identity == Identity::cancel_devices;
}

std::string unfit(Identity identity, const Cut& cut) {
    const std::int64_t most = cut.micros.empty() ? 0 : *std::max_element(cut.micros.begin(), cut.micros.end());
    if (cut.learns_graph) return "in the window that a static graph is learnt in, an average is averaged again";
    switch (identity) {
        case Identity::null_micro:
        case Identity::scale:
        case Identity::cancel_micros:
            return {};
        case Identity::replicate_2:
        case Identity::replicate_4:
            return most > 1 ? "a device has several micro-batches, whose sum rounds on the way" : "";
        case Identity::swap_micros:
            return most == 2  ? ""
                   : most < 2 ? "no device has two micro-batches"
                              : "a device has more than two micro-batches, whose sum depends on their order";
        case Identity::swap_devices:
            return cut.micros.size() == 2  ? ""
                   : cut.micros.size() < 2 ? "there is one device"
                                           : "there are more than two devices, whose sum depends on their order";
        case Identity::one_device:
            return cut.micros == std::vector<std::int64_t>{1, 1} ? ""
                                                                 : "there are not two devices with a micro-batch each";
        case Identity::cancel_devices:
            return cut.micros.size() < 2 ? "there is one device" : "";
        case Identity::strict:
            if (cut.couples_samples) return "a sample of it has no gradient of its own";
            return std::has_single_bit(cut.micros.size()) ? "" : "an average over so many devices is rounded";
    }
    broken_promise("identity", "unknown identity", __FILE__, __LINE__);
}

double scale_of(Identity identity) {
    return identity == Identity::scale ? 1024 : 1;
}

namespace {

/// The same samples elsewhere.
Slice moved(Slice slice, std::int64_t place, std::int64_t micro, double weight) {
    slice.place = static_cast<int>(place);
    slice.micro = static_cast<int>(micro);
    slice.weight = weight;
    return slice;
}

std::vector<Slice> with_nulls(const std::vector<Slice>& micros, int places) {
    std::vector<std::int64_t> next(static_cast<std::size_t>(places), 0);
    std::vector<Slice> twin;
    const auto null_everywhere = [&] {
        for (int place = 0; place < places; ++place)
            twin.push_back(moved(micros[0], place, next[static_cast<std::size_t>(place)]++, 0));
    };
    null_everywhere();
    for (const Slice& slice : micros)
        twin.push_back(moved(slice, slice.place, next[static_cast<std::size_t>(slice.place)]++, 1));
    null_everywhere();
    return twin;
}

std::vector<Slice> repeated(const std::vector<Slice>& micros, std::int64_t times) {
    std::vector<Slice> twin;
    for (std::int64_t micro = 0; micro < times; ++micro)
        for (const Slice& slice : micros) twin.push_back(moved(slice, slice.place, micro, 1));
    return twin;
}

/// The first micro in every turn of so many places, with this sign.
template <class Sign>
std::vector<Slice> everywhere(const Slice& slice, std::int64_t places, std::int64_t turns, Sign sign) {
    std::vector<Slice> twin;
    for (std::int64_t micro = 0; micro < turns; ++micro)
        for (std::int64_t place = 0; place < places; ++place)
            twin.push_back(moved(slice, place, micro, sign(place, micro) % 2 == 0 ? 1 : -1));
    return twin;
}

}  // namespace

std::vector<Slice> twin_of(Identity identity, const std::vector<Slice>& micros, int places) {
    ISOBATCH_CHECK(!micros.empty(), "a window holds a sample");
    std::vector<Slice> twin = micros;
    const std::int64_t turns = micros.back().micro + 1;  // in sampler order the last slice is of the last turn
    switch (identity) {
        case Identity::null_micro:
            twin = with_nulls(micros, places);
            break;
        case Identity::replicate_2:
            return repeated(micros, 2);
        case Identity::replicate_4:
            return repeated(micros, 4);
        case Identity::scale:
        case Identity::strict:
            return micros;
        case Identity::swap_micros:
            for (Slice& slice : twin)  // a device with one micro keeps it
                if (std::any_of(micros.begin(), micros.end(),
                                [&](const Slice& other) { return other.place == slice.place && other.micro == 1; }))
                    slice.micro = 1 - slice.micro;
            break;
        case Identity::swap_devices:
            for (Slice& slice : twin) slice.place = 1 - slice.place;
            break;
        case Identity::one_device:
            return {micros[0], moved(micros[1], 0, 1, 1)};
        case Identity::cancel_micros:
            return everywhere(micros[0], places, turns + turns % 2, [](auto, std::int64_t micro) { return micro; });
        case Identity::cancel_devices:  // what is subtracted on one device goes through the additions of its neighbour
            return everywhere(micros[0], places - places % 2, turns, [](std::int64_t place, auto) { return place; });
    }
    std::sort(twin.begin(), twin.end(),
              [](const Slice& a, const Slice& b) { return std::tie(a.micro, a.place) < std::tie(b.micro, b.place); });
    return twin;
}

}  // namespace isobatch
