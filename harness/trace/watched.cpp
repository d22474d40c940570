#include "trace/watched.h"

namespace isobatch {

Json to_json(const Watched& watched) {
    Json settings = Json::array(), state = Json::object();
    for (const auto& group : watched.settings) {
        settings.push_back(Json::object());
        for (const auto& [name, value] : group) settings.back()[name] = parse_json(value, "settings");
    }
    for (const auto& [name, slot] : watched.state)
        state[name] = {{"parameters", slot.parameters},
                       {"norm", slot.norm ? number_to_json(*slot.norm) : Json(nullptr)}};
    Json object{{"settings", settings}, {"state", state}, {"drew", watched.drew}};
    if (watched.moved) object["moved"] = *watched.moved;
    return object;
}

Watched watched_from(const Json& object, const std::string& where) {
    Watched watched;
    for (const Json& group : list_from_json(object.at("settings"), where + ", settings")) {
        watched.settings.emplace_back();
        for (const auto& [name, value] : group.get_ref<const Json::object_t&>())
            watched.settings.back()[name] = value.dump();
    }
    for (const auto& [name, slot] : object.at("state").get_ref<const Json::object_t&>()) {
        Slot& read = watched.state[name];
        read.parameters = integer_from_json(slot.at("parameters"), 0, std::int64_t{1} << 40, where + ", state");
        if (!slot.at("norm").is_null()) read.norm = number_from_json(slot.at("norm"), where + ", state");
    }
    watched.drew = object.at("drew").get<bool>();
    if (object.contains("moved"))
        watched.moved = static_cast<int>(integer_from_json(object.at("moved"), 0, 1 << 30, where + ", moved"));
    return watched;
}

}  // namespace isobatch
