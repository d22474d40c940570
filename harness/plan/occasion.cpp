#include "plan/occasion.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "base/error.h"
#include "base/text.h"

namespace isobatch {

std::string to_string(Reach reach) {
    switch (reach) {
        case Reach::everywhere:
            return "everywhere";
        case Reach::last_micros:
            return "last-micros";
        case Reach::later_micros:
            return "later-micros";
        case Reach::second_device:
            return "second-device";
        case Reach::some_parameters:
            return "some-parameters";
    }
    broken_promise("reach", "unknown reach", __FILE__, __LINE__);
}

std::string meaning(Reach reach) {
    switch (reach) {
        case Reach::everywhere:
            return "with every micro-batch";
        case Reach::last_micros:
            return "with the last micro-batch of each device";
        case Reach::later_micros:
            return "with every micro-batch of a device but its first";
        case Reach::second_device:
            return "on the second device";
        case Reach::some_parameters:
            return "in some parameters";
    }
    broken_promise("reach", "unknown reach", __FILE__, __LINE__);
}

bool reaches(Reach reach, int place, int micro, std::int64_t micros) {
    switch (reach) {
        case Reach::everywhere:
        case Reach::some_parameters:
            return true;
        case Reach::last_micros:
            return micro + 1 == micros;
        case Reach::later_micros:
            return micro > 0;
        case Reach::second_device:
            return place == 1;
    }
    broken_promise("reach", "unknown reach", __FILE__, __LINE__);
}

const std::vector<Occasion>& all_occasions() {
    static const std::vector<Occasion> all = [] {
        std::vector<Occasion> list;
        for (const Reach where : all_reaches)
            for (const Timing when : all_timings) list.emplace_back(when, where);
        return list;
    }();
    return all;
}

Occasion parse_occasion(std::string_view text) {
    Occasion occasion;
    for (const std::string& word : pieces(text, '@')) {
        std::vector<std::string> names;
        bool known = false;
        for (const Timing when : all_timings) {
            names.push_back(to_string(when));
            if (names.back() == word) occasion.when = when, known = true;
        }
        for (const Reach where : all_reaches) {
            names.push_back(to_string(where));
            if (names.back() == word) occasion.where = where, known = true;
        }
        if (!known)
            throw Error(fmt::format("unknown timing \"{}\"", printable(word.substr(0, 80))), "--fault",
                        fmt::format("did you mean {}? Known: {}", nearest(word, names), joined(names, ", ")));
    }
    return occasion;
}

std::string meaning(const Occasion& occasion) {
    if (occasion.where == Reach::everywhere) return meaning(occasion.when);
    if (occasion.when == Timing::always) return meaning(occasion.where);
    return meaning(occasion.where) + ", " + meaning(occasion.when);
}

}  // namespace isobatch
