#include "diagnose/recovered.h"

#include <algorithm>

namespace isobatch {

namespace {

Json to_json(const Source& part) {
    Json json{{"sample", part.sample}};
    if (part.unit) json["unit"] = *part.unit;
    return json;
}

Source source_from(const Json& json, const std::string& where) {
    const auto index = [&](const char* name) {
        return static_cast<std::size_t>(integer_from_json(json.at(name), 0, 1 << 30, where));
    };
    Source part{index("sample")};
    if (json.contains("unit")) part.unit = index("unit");
    return part;
}

}  // namespace

Json to_json(const Recovered& recovered) {
    Json units = Json::array(), alike = Json::array();
    for (const std::vector<double>& sample : recovered.units) units.push_back(numbers_to_json(sample));
    for (const std::vector<Source>& parts : recovered.alike) {
        alike.push_back(Json::array());
        for (const Source& part : parts) alike.back().push_back(to_json(part));
    }
    return {{"ranks", recovered.ranks},
            {"weights", numbers_to_json(recovered.weights)},
            {"stale", numbers_to_json(recovered.stale)},
            {"residual", number_to_json(recovered.residual)},
            {"tensors", recovered.tensors},
            {"terms", numbers_to_json(recovered.terms)},
            {"units", units},
            {"alike", alike},
            {"by_micros", recovered.by_micros}};
}

Recovered recovered_from_json(const Json& object, const std::string& where) {
    Recovered recovered;
    for (const Json& rank : list_from_json(object.at("ranks"), where))
        recovered.ranks.push_back(static_cast<int>(integer_from_json(rank, 0, 1 << 30, where)));
    recovered.weights = numbers_from_json(object.at("weights"), where);
    recovered.stale = numbers_from_json(object.at("stale"), where);
    recovered.residual = number_from_json(object.at("residual"), where);
    recovered.tensors = object.at("tensors").get<std::vector<std::string>>();
    recovered.terms = numbers_from_json(object.at("terms"), where);
    for (const Json& sample : list_from_json(object.at("units"), where))
        recovered.units.push_back(numbers_from_json(sample, where));
    for (const Json& parts : list_from_json(object.at("alike"), where)) {
        recovered.alike.emplace_back();
        for (const Json& part : list_from_json(parts, where))
            recovered.alike.back().push_back(source_from(part, where));
    }
    recovered.by_micros = object.at("by_micros").get<std::string>();
    return recovered;
}

bool is_consistent(const Recovered& recovered, const std::vector<double>& sample_units, std::size_t terms) {
    const std::vector<std::vector<double>>& units = recovered.units;
    const auto was_read = [&](const Source& part) {
        return part.sample < recovered.weights.size() && part.unit.has_value() != units.empty() &&
               (!part.unit || *part.unit < units[part.sample].size());
    };
    if (recovered.ranks.empty() || recovered.weights.size() != sample_units.size() || recovered.terms.size() != terms ||
        (!units.empty() && units.size() != sample_units.size()))
        return false;
    for (std::size_t i = 0; i < units.size(); ++i)
        if (static_cast<double>(units[i].size()) != sample_units[i]) return false;
    return std::all_of(recovered.alike.begin(), recovered.alike.end(), [&](const std::vector<Source>& parts) {
        return std::all_of(parts.begin(), parts.end(), was_read);
    });
}

}  // namespace isobatch
