#include "plan/contract.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/error.h"
#include "base/text.h"

namespace isobatch {

std::string to_string(Weighting weighting) {
    switch (weighting) {
        case Weighting::token_mean:
            return "token-mean";
        case Weighting::sample_mean:
            return "sample-mean";
    }
    broken_promise("weighting", "unknown weighting", __FILE__, __LINE__);
}

Weighting parse_weighting(std::string_view text) {
    if (text == "token-mean") return Weighting::token_mean;
    if (text == "sample-mean") return Weighting::sample_mean;
    throw Error(fmt::format("unknown weighting \"{}\"", printable(text.substr(0, 80))), "contract",
                "write token-mean or sample-mean");
}

Json to_json(const std::optional<Contract>& contract) {
    if (!contract) return nullptr;
    return {{"weighting", to_string(contract->weighting)},
            {"keeps_tail", contract->keeps_tail},
            {"schedule_varies", contract->schedule_varies},
            {"exact", contract->exact},
            {"couples_samples", contract->couples_samples}};
}

std::optional<Contract> contract_from_json(const Json& value, const std::string& where) {
    if (value.is_null()) return std::nullopt;
    return reading(where, [&] {
        return Contract{parse_weighting(value.at("weighting").get<std::string>()), value.at("keeps_tail").get<bool>(),
                        value.at("schedule_varies").get<bool>(), value.value("exact", false),
                        value.value("couples_samples", false)};
    });
}

}  // namespace isobatch
