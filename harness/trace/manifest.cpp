#include "trace/manifest.h"

#include <algorithm>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "base/check.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"

namespace isobatch {

namespace {

constexpr int version = 1;
constexpr std::string_view digest_member = ",\"manifest_digest\":\"";

Level parse_level(const std::string& text, const std::string& where) {
    for (const Level level : {Level::losses, Level::sketch, Level::grads, Level::full})
        if (text == to_string(level)) return level;
    throw Error(fmt::format("unknown level \"{}\"", printable(text.substr(0, 80))), where,
                "write losses, sketch, grads or full");
}

Json ended_json(const Ended& ended) {
    if (ended.complete) return "complete";
    return {{"crashed", {{"rank", ended.rank}, {"step", ended.step}, {"message", ended.message}}}};
}

Ended ended_from(const Json& value, const std::string& where) {
    if (value == "complete") return {.complete = true};
    const Json crash = reading(where, [&] { return value.at("crashed"); });
    return {false, static_cast<int>(integer_from_json(crash.at("rank"), 0, 1 << 20, where)),
            integer_from_json(crash.at("step"), 0, std::numeric_limits<std::int64_t>::max(), where),
            crash.at("message").get<std::string>()};
}

Split split_from(const Json& value) {
    // Through the text form, so that a hostile product meets the same overflow checks as a typed one.
    return parse_split(
        fmt::format("{}x{}x{}", value.at("per_device").dump(), value.at("accum").dump(), value.at("devices").dump()));
}

std::vector<Parameter> parameters_from(const Json& list, const std::string& where) {
    std::vector<Parameter> parameters;
    std::set<std::string> names;
    for (const Json& entry : list_from_json(list, where + ", parameters")) {
        Parameter parameter{entry.at("name").get<std::string>(), {}};
        for (const Json& side : list_from_json(entry.at("shape"), where + ", parameters"))
            parameter.shape.push_back(integer_from_json(side, 0, max_effective, where + ", parameters"));
        if (!names.insert(parameter.name).second)
            throw Error(fmt::format("parameter \"{}\" is listed twice", printable(parameter.name.substr(0, 80))),
                        where + ", parameters", "list a tied parameter once");
        parameters.push_back(std::move(parameter));
    }
    return parameters;
}

/// The text before the digest, once the digest proved that it is whole.
std::string_view verified(std::string_view text, const std::string& where) {
    constexpr std::string_view closing = "\"}\n";
    const auto at = text.rfind(digest_member);
    if (at == std::string_view::npos || !text.ends_with(closing) ||
        at + digest_member.size() + closing.size() > text.size())
        throw Error("the manifest does not end with a digest of itself", where,
                    "write \"manifest_digest\" as its last member (see the trace format)");
    const std::string_view body = text.substr(0, at);
    const auto begin = at + digest_member.size();
    const std::string_view digest = text.substr(begin, text.size() - closing.size() - begin);
    const std::string expected = digest_like(digest, std::as_bytes(std::span(body)));
    if (expected.empty() || digest != expected)
        throw Error(fmt::format("the manifest was altered: it says \"{}\", its text gives \"{}\"",
                                printable(digest.substr(0, 40)), expected),
                    fmt::format("{}, byte {}", where, at), "write the trace again; nothing of it was used");
    return body;
}

void require_mesh(const Manifest& manifest, const std::string& where) {
    if (manifest.ranks % manifest.copies != 0 || manifest.ranks / manifest.copies % manifest.inner != 0)
        throw Error(fmt::format("{} ranks are no whole number of places of {} copies in inner groups of {}",
                                manifest.ranks, manifest.copies, manifest.inner),
                    where, "write the mesh that the ranks were in");
}

}  // namespace

std::string to_string(Level level) {
    switch (level) {
        case Level::losses:
            return "losses";
        case Level::sketch:
            return "sketch";
        case Level::grads:
            return "grads";
        case Level::full:
            return "full";
    }
    broken_promise("level", "unknown level", __FILE__, __LINE__);
}

std::string manifest_text(const Manifest& manifest, const FileEntries& files) {
    Json parameters = Json::array();
    for (const Parameter& parameter : manifest.parameters)
        parameters.push_back({{"name", parameter.name}, {"shape", parameter.shape}});
    Json listed = Json::object();
    for (const auto& [path, entry] : files) listed[path] = {{"bytes", entry.bytes}, {"digest", entry.digest}};
    const Json object{{"format", "isobatch-trace"},
                      {"version", version},
                      {"trial", manifest.trial},
                      {"split",
                       {{"per_device", manifest.split.per_device},
                        {"accum", manifest.split.accum},
                        {"devices", manifest.split.devices}}},
                      {"engine", manifest.engine},
                      {"device", manifest.device},
                      {"recipe", to_json(manifest.recipe)},
                      {"contract", to_json(manifest.contract)},
                      {"level", to_string(manifest.level)},
                      {"seed", manifest.seed},
                      {"steps", manifest.steps},
                      {"epochs", manifest.epochs},
                      {"ranks", manifest.ranks},
                      {"mesh", {{"inner", manifest.inner}, {"copies", manifest.copies}}},
                      {"parameters", parameters},
                      {"buffers", manifest.buffers},
                      {"follows", manifest.follows ? Json(*manifest.follows) : Json(nullptr)},
                      {"ended", ended_json(manifest.ended)},
                      {"provenance", manifest.provenance},
                      {"files", listed}};
    // The message of a crash is whatever a child printed: bytes that are no UTF-8 must not cost the manifest.
    std::string text = object.dump(-1, ' ', false, Json::error_handler_t::replace);
    text.pop_back();  // the closing brace: the digest becomes the last member
    return fmt::format("{}{}{}\"}}\n", text, digest_member, crc32_digest(std::as_bytes(std::span(text))));
}

Manifest parse_manifest(std::string_view text, const std::string& where, FileEntries& files) {
    const Json object = parse_json(std::string(verified(text, where)) + "}", where);
    return reading(where, [&] {
        if (object.at("format") != "isobatch-trace")
            throw Error("not an isobatch trace", where, "name a directory written as a trace");
        const std::int64_t found =
            integer_from_json(object.at("version"), 1, std::numeric_limits<std::int64_t>::max(), where + ", version");
        if (found != version)
            throw Error(fmt::format("trace format version {}, this program reads {}", found, version), where,
                        "use the release that wrote it");
        const auto count = [&](const char* field, std::int64_t highest, std::int64_t absent) {
            const auto it = object.find(field);
            if (it == object.end() || it->is_null()) return absent;
            return integer_from_json(*it, 0, highest, where + ", " + field);
        };
        Manifest manifest;
        manifest.trial = object.at("trial").get<std::string>();
        manifest.split = split_from(object.at("split"));
        manifest.engine = object.at("engine").get<std::string>();
        manifest.device = object.at("device").get<std::string>();
        manifest.recipe = recipe_from_json(object.at("recipe"), where + ", recipe");
        manifest.contract = contract_from_json(object.at("contract"), where);
        manifest.level = parse_level(object.at("level").get<std::string>(), where + ", level");
        manifest.seed = static_cast<std::uint64_t>(count("seed", std::numeric_limits<std::int64_t>::max(), 0));
        manifest.steps = count("steps", max_effective, 0);
        manifest.epochs = static_cast<int>(count("epochs", 1 << 20, 1));
        const Json mesh = object.value("mesh", Json::object());
        const auto axis = [&](const char* name) {
            return static_cast<int>(integer_from_json(mesh.value(name, Json(1)), 1, max_ranks, where + ", mesh"));
        };
        manifest.copies = axis("copies");
        manifest.inner = axis("inner");
        const std::int64_t ranks = count("ranks", max_ranks, manifest.split.devices * manifest.copies);
        manifest.ranks =
            static_cast<int>(std::min<std::int64_t>(ranks, max_ranks));  // absent, it may be any number of devices
        require_mesh(manifest, where + ", mesh");
        manifest.parameters = parameters_from(object.at("parameters"), where);
        manifest.buffers = object.value("buffers", std::vector<std::string>());
        if (object.contains("follows") && !object["follows"].is_null())
            manifest.follows = object["follows"].get<std::string>();
        manifest.ended = ended_from(object.at("ended"), where + ", ended");
        for (const auto& [key, value] : object.at("provenance").items())
            manifest.provenance[key] = value.is_string() ? value.get<std::string>() : value.dump();
        for (const auto& [path, entry] : object.at("files").items())
            files[path] = {static_cast<std::uint64_t>(
                               integer_from_json(entry.at("bytes"), 0, std::numeric_limits<std::int64_t>::max(),
                                                 fmt::format("{}, {}", where, printable(path.substr(0, 80))))),
                           entry.at("digest").get<std::string>()};
        return manifest;
    });
}

}  // namespace isobatch
