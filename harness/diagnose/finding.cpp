#include "diagnose/finding.h"

#include "base/text.h"

namespace isobatch {

std::string names_of(const std::vector<Cause>& causes) {
    std::vector<std::string> names;
    for (const Cause cause : causes) names.push_back(to_string(cause));
    return joined(names, " or ");
}

Json to_json(const Finding& finding) {
    Json causes = Json::array(), weights = Json::array(), rivals = Json::array(), terms = Json::array();
    for (const Cause cause : finding.causes) causes.push_back(to_string(cause));
    for (const WeightLine& line : finding.weights)
        weights.push_back({{"sample", line.sample},
                           {"rank", line.rank},
                           {"micro", line.micro},
                           {"units", number_to_json(line.units)},
                           {"recovered", number_to_json(line.recovered)},
                           {"predicted", number_to_json(line.predicted)},
                           {"units_recovered", numbers_to_json(line.units_recovered)},
                           {"units_predicted", numbers_to_json(line.units_predicted)}});
    for (const TermLine& line : finding.terms)
        terms.push_back({{"term", line.term},
                         {"recovered", number_to_json(line.recovered)},
                         {"predicted", number_to_json(line.predicted)}});
    for (const Rival& rival : finding.rivals)
        rivals.push_back(
            {{"cause", to_string(rival.cause)}, {"ruled_out_by", rival.ruled_out_by}, {"explained", rival.explained}});
    return {{"causes", causes},
            {"timing", to_string(finding.occasion.when)},
            {"reach", to_string(finding.occasion.where)},
            {"summary", finding.summary},
            {"trial", finding.trial},
            {"first", to_json(finding.first)},
            {"weights", weights},
            {"stale", numbers_to_json(finding.stale)},
            {"terms", terms},
            {"worst_error", number_to_json(finding.worst_error)},
            {"rivals", rivals},
            {"separated_by", finding.separated_by},
            {"remedy", finding.remedy},
            {"precedent", finding.precedent},
            {"repro", finding.repro}};
}

}  // namespace isobatch
