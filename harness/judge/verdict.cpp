#include "judge/verdict.h"

#include <limits>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace isobatch {

std::string to_string(const Place& place) {
    std::string text =
        place.step > 0 ? fmt::format("step {}, rank {}", place.step, place.rank) : std::string("the whole run");
    if (!place.tensor.empty()) text += ", " + printable(place.tensor);
    if (!place.tensor.empty() && place.index >= 0) text += fmt::format("[{}]", place.index);
    return text;
}

bool holds_strictly(const Verdict& verdict) {
    const bool right = std::any_of(verdict.checks.begin(), verdict.checks.end(), [](const CheckResult& result) {
        return result.check == Check::identity && result.outcome == Outcome::identical;
    });
    return right && std::any_of(verdict.identities.begin(), verdict.identities.end(), [](const IdentityStatus& status) {
               return status.identity == Identity::strict && status.windows > 0;
           });
}

const CheckResult& result_of(const Verdict& verdict, Check check) {
    for (const CheckResult& result : verdict.checks)
        if (result.check == check) return result;
    throw Error(fmt::format("the verdict has no check \"{}\"", to_string(check)), "verdict", "judge the trace again");
}

Json to_json(const Place& place) {
    return {{"step", place.step}, {"rank", place.rank}, {"tensor", place.tensor}, {"index", place.index}};
}

Place place_from_json(const Json& object, const std::string& where) {
    constexpr auto largest = std::numeric_limits<std::int64_t>::max();
    return {integer_from_json(object.at("step"), 0, largest, where),
            static_cast<int>(integer_from_json(object.at("rank"), 0, 1 << 20, where)),
            object.at("tensor").get<std::string>(), integer_from_json(object.at("index"), -1, largest, where)};
}

namespace {

Json optional_place(const std::optional<Place>& place) {
    return place ? to_json(*place) : Json(nullptr);
}

std::optional<Place> optional_place_from(const Json& value, const std::string& where) {
    if (value.is_null()) return std::nullopt;
    return place_from_json(value, where);
}

Json optional_number(const std::optional<double>& value) {
    return value ? number_to_json(*value) : Json(nullptr);
}

std::optional<double> optional_number_from(const Json& value, const std::string& where) {
    if (value.is_null()) return std::nullopt;
    return number_from_json(value, where);
}

Json result_json(const CheckResult& result) {
    const Tolerance& t = result.tolerance;
    Json parameters = Json::array(), losses = Json::array();
    for (const ParameterMargin& one : result.parameters)
        parameters.push_back({{"parameter", one.parameter}, {"margin", number_to_json(one.margin)}});
    for (const StepLoss& one : result.losses)
        losses.push_back({{"step", one.step},
                          {"loss", optional_number(one.loss)},
                          {"truth", optional_number(one.truth)},
                          {"allowed", number_to_json(one.allowed)}});
    return {{"check", to_string(result.check)},
            {"outcome", to_string(result.outcome)},
            {"margin", number_to_json(result.margin)},
            {"observed", number_to_json(result.observed)},
            {"allowed", number_to_json(t.allowed())},
            {"tolerance",
             {{"factor", number_to_json(t.factor)},
              {"E", number_to_json(t.error)},
              {"u", number_to_json(t.unit_roundoff)},
              {"A", number_to_json(t.magnitude)}}},
            {"first", optional_place(result.first)},
            {"worst", optional_place(result.worst)},
            {"message", result.message},
            {"parameters", parameters},
            {"losses", losses}};
}

CheckResult result_from(const Json& object, const std::string& where) {
    CheckResult result;
    result.check = parse_check(object.at("check").get<std::string>());
    result.outcome = parse_outcome(object.at("outcome").get<std::string>());
    result.margin = number_from_json(object.at("margin"), where);
    result.observed = number_from_json(object.at("observed"), where);
    const Json& t = object.at("tolerance");
    result.tolerance = {number_from_json(t.at("E"), where), number_from_json(t.at("u"), where),
                        number_from_json(t.at("A"), where), number_from_json(t.at("factor"), where)};
    result.first = optional_place_from(object.at("first"), where);
    result.worst = optional_place_from(object.at("worst"), where);
    result.message = object.at("message").get<std::string>();
    for (const Json& one : list_from_json(object.at("parameters"), where))
        result.parameters.push_back(
            {one.at("parameter").get<std::string>(), number_from_json(one.at("margin"), where)});
    for (const Json& one : list_from_json(object.at("losses"), where))
        result.losses.push_back({integer_from_json(one.at("step"), 1, std::numeric_limits<std::int64_t>::max(), where),
                                 optional_number_from(one.at("loss"), where),
                                 optional_number_from(one.at("truth"), where),
                                 number_from_json(one.at("allowed"), where)});
    return result;
}

IdentityStatus identity_from(const Json& object, const std::string& where) {
    const auto count = [&](const char* field) {
        return integer_from_json(object.at(field), 0, std::int64_t{1} << 40, where);
    };
    return {parse_identity(object.at("identity").get<std::string>()), count("windows"), count("broken"),
            object.at("unfit").get<std::string>()};
}

Claim claim_from(const std::string& text, const std::string& where) {
    for (const Claim claim : all_claims)
        if (to_string(claim) == text) return claim;
    throw Error(fmt::format("unknown claim \"{}\"", printable(text)), where, "the file was written by another version");
}

}  // namespace

Json to_json(const Verdict& verdict) {
    Json checks = Json::array(), tested = Json::array(), identities = Json::array();
    for (const CheckResult& result : verdict.checks) checks.push_back(result_json(result));
    for (const Claim claim : verdict.tested) tested.push_back(to_string(claim));
    for (const IdentityStatus& status : verdict.identities)
        identities.push_back({{"identity", to_string(status.identity)},
                              {"windows", status.windows},
                              {"broken", status.broken},
                              {"unfit", status.unfit}});
    return {{"outcome", to_string(verdict.outcome)},
            {"margin", number_to_json(verdict.margin)},
            {"sensitivity", number_to_json(verdict.sensitivity)},
            {"checks", checks},
            {"tested", tested},
            {"identities", identities}};
}

Verdict verdict_from_json(const Json& object, const std::string& where) {
    return reading(where, [&] {
        Verdict verdict;
        verdict.outcome = parse_outcome(object.at("outcome").get<std::string>());
        verdict.margin = number_from_json(object.at("margin"), where);
        verdict.sensitivity = number_from_json(object.at("sensitivity"), where);
        for (const Json& result : list_from_json(object.at("checks"), where))
            verdict.checks.push_back(result_from(result, where));
        for (const Json& claim : list_from_json(object.at("tested"), where))
            verdict.tested.push_back(claim_from(claim.get<std::string>(), where));
        for (const Json& status : list_from_json(object.at("identities"), where))
            verdict.identities.push_back(identity_from(status, where));
        return verdict;
    });
}

}  // namespace isobatch
