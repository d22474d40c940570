#include "diagnose/evidence.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/check.h"
#include "base/error.h"
#include "base/text.h"

namespace isobatch {

namespace {

std::vector<std::int64_t> counts_from(const Json& list, const std::string& where) {
    std::vector<std::int64_t> values;
    for (const Json& value : list_from_json(list, where))
        values.push_back(integer_from_json(value, 0, std::int64_t{1} << 40, where));
    return values;
}

std::vector<int> ints_from(const Json& list, const std::string& where) {
    std::vector<int> values;
    for (const Json& value : list_from_json(list, where))
        values.push_back(static_cast<int>(integer_from_json(value, 0, 1 << 30, where)));
    return values;
}

Json window_json(const WindowEvidence& window) {
    Json micros = Json::array(), recovered = Json::array(), clipping = Json::array(), reporting = Json::array(),
         terms = Json::array();
    for (const LossTerm& term : window.terms)
        terms.push_back({{"name", term.name}, {"tolerance", number_to_json(term.tolerance)}});
    for (const MicroCount& micro : window.layout.micros)
        micros.push_back({{"rank", micro.rank},
                          {"micro", micro.micro},
                          {"samples", micro.samples},
                          {"units", number_to_json(micro.units)},
                          {"padded_units", number_to_json(micro.padded_units)}});
    for (const Recovered& entry : window.recovered) recovered.push_back(to_json(entry));
    for (const Clipping one : window.clipping) clipping.push_back(to_string(one));
    for (const Reporting one : window.reporting) reporting.push_back(to_string(one));
    return {{"step", window.step},
            {"window", window.window},
            {"samples", window.samples},
            {"sample_units", numbers_to_json(window.sample_units)},
            {"micro_of", window.micro_of},
            {"micros", micros},
            {"ragged", window.layout.ragged},
            {"accum", window.layout.accum},
            {"epoch", window.layout.moment.epoch},
            {"ends_epoch", window.layout.moment.ends_epoch},
            {"restart", window.layout.moment.restart},
            {"in_restarted_epoch", window.layout.moment.in_restarted_epoch},
            {"steps", window.steps},
            {"schedule_steps", window.schedule_steps},
            {"averaged", window.layout.averaged},
            {"averages", window.averages},
            {"counts_steps", window.layout.counts_steps},
            {"counted", window.counted},
            {"updating", to_string(window.updating)},
            {"restarts", window.restarts},
            {"decays", window.decays},
            {"keeps_statistics", window.keeps_statistics},
            {"recipe", to_string(window.layout.recipe)},
            {"lr_ratio", number_to_json(window.lr_ratio)},
            {"padding", number_to_json(window.padding)},
            {"mesh",
             {{"places", window.layout.mesh.places},
              {"copies", window.layout.mesh.copies},
              {"inner", window.layout.mesh.inner}}},
            {"norm", number_to_json(window.layout.norm)},
            {"condition", number_to_json(window.condition)},
            {"weight_tolerance", number_to_json(window.weight_tolerance)},
            {"clipping", clipping},
            {"reporting", reporting},
            {"clipped_each_micro", numbers_to_json(window.clipped_each_micro)},
            {"clipped_each_rank", numbers_to_json(window.clipped_each_rank)},
            {"terms", terms},
            {"refused", window.refused},
            {"recovered", recovered}};
}

/// The one of these that has this name.
template <class Word>
Word one_of(std::initializer_list<Word> known, const char* what, const std::string& text, const std::string& where) {
    for (const Word word : known)
        if (to_string(word) == text) return word;
    throw Error(fmt::format("unknown {} \"{}\"", what, printable(text)), where, "another version wrote the file");
}

Clipping clipping_from(const std::string& text, const std::string& where) {
    using enum Clipping;
    return one_of({right, left_out, replicas_counted, all_but_one, one_alone, scaled, told_another}, "clipping", text,
                  where);
}

Reporting reporting_from(const std::string& text, const std::string& where) {
    return one_of({Reporting::right, Reporting::last_micro, Reporting::over_accum, Reporting::scaled}, "reporting",
                  text, where);
}

Updating updating_from(const std::string& text, const std::string& where) {
    using enum Updating;
    return one_of({right, altered, undecayed, unskipped, forwarded_twice, forwarded_others, forgotten}, "update", text,
                  where);
}

Stage stage_from(const std::string& text, const std::string& where) {
    return one_of({Stage::micro, Stage::device, Stage::exchange}, "stage", text, where);
}

/// The lists of a window speak of the same samples, so that whatever reads them may index one by another.
void require_consistent(const WindowEvidence& window, const std::string& where) {
    const std::size_t samples = window.samples.size();
    const auto known = [&](int micro) { return static_cast<std::size_t>(micro) < window.layout.micros.size(); };
    const auto whole = [&](const Recovered& entry) {
        return is_consistent(entry, window.sample_units, window.terms.size());
    };
    const auto by_micro = [&](const std::vector<double>& weights) {
        return weights.empty() || weights.size() == window.layout.micros.size();
    };
    if (window.sample_units.size() != samples || window.micro_of.size() != samples ||
        !by_micro(window.clipped_each_micro) || !by_micro(window.clipped_each_rank) ||
        !std::all_of(window.micro_of.begin(), window.micro_of.end(), known) ||
        !std::all_of(window.recovered.begin(), window.recovered.end(), whole))
        throw Error(fmt::format("the evidence of step {} does not fit its {} samples", window.step, samples), where,
                    "write the file again; nothing in it was trusted");
}

WindowEvidence window_from(const Json& object, const std::string& where) {
    WindowEvidence window;
    window.step = integer_from_json(object.at("step"), 0, std::int64_t{1} << 40, where);
    window.window = integer_from_json(object.at("window"), 0, std::int64_t{1} << 40, where);
    window.samples = object.at("samples").get<std::vector<std::string>>();
    window.sample_units = numbers_from_json(object.at("sample_units"), where);
    window.micro_of = ints_from(object.at("micro_of"), where);
    for (const Json& micro : list_from_json(object.at("micros"), where))
        window.layout.micros.push_back({static_cast<int>(integer_from_json(micro.at("rank"), 0, 1 << 20, where)),
                                        static_cast<int>(integer_from_json(micro.at("micro"), 0, 1 << 30, where)),
                                        integer_from_json(micro.at("samples"), 0, std::int64_t{1} << 40, where),
                                        number_from_json(micro.at("units"), where),
                                        number_from_json(micro.at("padded_units"), where)});
    window.layout.ragged = object.at("ragged").get<bool>();
    window.layout.accum = static_cast<int>(integer_from_json(object.at("accum"), 1, 1 << 30, where));
    window.layout.moment = {window.step, static_cast<int>(integer_from_json(object.at("epoch"), 0, 1 << 30, where)),
                            object.at("ends_epoch").get<bool>(),
                            integer_from_json(object.at("restart"), 0, std::int64_t{1} << 40, where),
                            object.at("in_restarted_epoch").get<bool>()};
    window.layout.samples = window.samples;  // an aligned window holds the reference's
    std::sort(window.layout.samples.begin(), window.layout.samples.end());
    window.steps = integer_from_json(object.at("steps"), 0, std::int64_t{1} << 40, where);
    window.schedule_steps = integer_from_json(object.at("schedule_steps"), 0, std::int64_t{1} << 40, where);
    window.layout.averaged = object.at("averaged").get<bool>();
    window.averages = integer_from_json(object.at("averages"), 0, std::int64_t{1} << 40, where);
    window.layout.counts_steps = object.at("counts_steps").get<bool>();
    window.updating = updating_from(object.at("updating").get<std::string>(), where);
    window.decays = object.at("decays").get<bool>();
    window.restarts = object.at("restarts").get<bool>();
    window.keeps_statistics = object.at("keeps_statistics").get<bool>();
    window.layout.recipe = parse_recipe(object.at("recipe").get<std::string>());
    window.counted = integer_from_json(object.at("counted"), -1000000, std::int64_t{1} << 40, where);
    window.lr_ratio = number_from_json(object.at("lr_ratio"), where);
    window.padding = number_from_json(object.at("padding"), where);
    const auto axis = [&](const char* name) {
        return static_cast<int>(integer_from_json(object.at("mesh").at(name), 1, max_ranks, where));
    };
    const int places = axis("places"), copies = axis("copies"), inner = axis("inner");
    if (places > max_ranks / copies || places % inner != 0)
        throw Error(fmt::format("no mesh of {} places, {} copies and inner groups of {}", places, copies, inner), where,
                    "write the file again; nothing in it was trusted");
    window.layout.mesh = {places, copies, inner};
    window.layout.norm = number_from_json(object.at("norm"), where);
    window.condition = number_from_json(object.at("condition"), where);
    window.weight_tolerance = number_from_json(object.at("weight_tolerance"), where);
    window.clipping.clear();
    for (const Json& one : list_from_json(object.at("clipping"), where))
        window.clipping.push_back(clipping_from(one.get<std::string>(), where));
    window.reporting.clear();
    for (const Json& one : list_from_json(object.at("reporting"), where))
        window.reporting.push_back(reporting_from(one.get<std::string>(), where));
    window.clipped_each_micro = numbers_from_json(object.at("clipped_each_micro"), where);
    window.clipped_each_rank = numbers_from_json(object.at("clipped_each_rank"), where);
    for (const Json& term : list_from_json(object.at("terms"), where))
        window.terms.push_back({term.at("name").get<std::string>(), number_from_json(term.at("tolerance"), where)});
    window.refused = object.at("refused").get<std::string>();
    for (const Json& entry : list_from_json(object.at("recovered"), where))
        window.recovered.push_back(recovered_from_json(entry, where));
    require_consistent(window, where);
    return window;
}

}  // namespace

const MicroCount& micro_of(const WindowEvidence& window, std::size_t sample) {
    return window.layout.micros[static_cast<std::size_t>(window.micro_of[sample])];
}

std::string to_string(Stage stage) {
    switch (stage) {
        case Stage::micro:
            return "micro";
        case Stage::device:
            return "device";
        case Stage::exchange:
            return "exchange";
    }
    broken_promise("stage", "unknown stage", __FILE__, __LINE__);
}

Json to_json(const Evidence& evidence) {
    Json windows = Json::array(), strays = Json::array(), widths = Json::array(), paces = Json::array();
    for (const Pace& pace : evidence.paces)
        paces.push_back({{"window", pace.window}, {"lr_ratio", number_to_json(pace.lr_ratio)}, {"ahead", pace.ahead}});
    for (const std::vector<Stray>& each : evidence.strays) {
        strays.push_back(Json::array());
        for (const Stray stray : each) strays.back().push_back(to_string(stray));
    }
    for (const WindowEvidence& window : evidence.windows) windows.push_back(window_json(window));
    for (const Width& width : evidence.widths)
        widths.push_back({{"stage", to_string(width.stage)}, {"bits", width.bits}});
    return {{"windows", windows},
            {"missing", evidence.missing},
            {"ragged", evidence.ragged},
            {"unfilled", evidence.unfilled},
            {"strangers", evidence.strangers},
            {"strays", strays},
            {"widths", widths},
            {"narrow", number_to_json(evidence.narrow.value_or(std::numeric_limits<double>::quiet_NaN()))},
            {"coupling", number_to_json(evidence.coupling)},
            {"paces", paces}};
}

Evidence evidence_from_json(const Json& object, const std::string& where) {
    return reading(where, [&] {
        Evidence evidence;
        for (const Json& window : list_from_json(object.at("windows"), where))
            evidence.windows.push_back(window_from(window, where));
        evidence.missing = counts_from(object.at("missing"), where);
        evidence.ragged = counts_from(object.at("ragged"), where);
        evidence.unfilled = counts_from(object.at("unfilled"), where);
        evidence.strangers = counts_from(object.at("strangers"), where);
        for (const Json& each : list_from_json(object.at("strays"), where)) {
            evidence.strays.emplace_back();
            for (const Json& stray : list_from_json(each, where))
                evidence.strays.back().push_back(parse_stray(stray.get<std::string>()));
        }
        if (evidence.strays.size() != evidence.strangers.size())
            throw Error(fmt::format("{} strangers and {} strays", evidence.strangers.size(), evidence.strays.size()),
                        where, "write the file again; nothing in it was trusted");
        for (const Json& width : list_from_json(object.at("widths"), where))
            evidence.widths.push_back({stage_from(width.at("stage").get<std::string>(), where),
                                       static_cast<int>(integer_from_json(width.at("bits"), 1, 64, where))});
        const double narrow = number_from_json(object.at("narrow"), where);
        if (!std::isnan(narrow)) evidence.narrow = narrow;
        evidence.coupling = number_from_json(object.at("coupling"), where);
        for (const Json& pace : list_from_json(object.at("paces"), where))
            evidence.paces.push_back(
                {integer_from_json(pace.at("window"), 0, std::int64_t{1} << 40, where),
                 number_from_json(pace.at("lr_ratio"), where),
                 integer_from_json(pace.at("ahead"), -(std::int64_t{1} << 40), std::int64_t{1} << 40, where)});
        return evidence;
    });
}

}  // namespace isobatch
