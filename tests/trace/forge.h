#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"

namespace isobatch {

/// Plain and unsynced: forging is done thousands of times.
inline void put(const std::filesystem::path& path, const std::string& bytes) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string get(const std::filesystem::path& path) {
    return std::string(MappedFile::open(path)->text());
}

/// A manifest's text whose digest is right, whatever it says.
inline std::string sealed_text(std::string body) {
    body.pop_back();
    return body + ",\"manifest_digest\":\"" + xxh3_digest(body) + "\"}\n";
}

inline std::string sealed(const Json& manifest) {
    return sealed_text(manifest.dump());
}

/// A written trace as raw bytes, to be changed and written again with digests that fit: then only the checks of the
/// structure stand between the change and the reader.
struct Forgery {
    Json manifest;
    std::map<std::string, std::string> files;  ///< by their paths in the trace

    static Forgery of(const std::filesystem::path& directory) {
        std::string text = get(directory / "manifest.json");
        Forgery forgery{Json::parse(text), {}};
        forgery.manifest.erase("manifest_digest");
        for (const auto& [path, entry] : forgery.manifest.at("files").items())
            forgery.files[path] = get(directory / path);
        return forgery;
    }

    /// The manifest with sizes and digests of the files as they are now.
    Json listing() const {
        Json fresh = manifest;
        fresh["files"] = Json::object();
        for (const auto& [path, bytes] : files)
            fresh["files"][path] = {{"bytes", bytes.size()}, {"digest", xxh3_digest(bytes)}};
        return fresh;
    }

    void write(const std::filesystem::path& directory) const {
        for (const auto& [path, bytes] : files) put(directory / path, bytes);
        put(directory / "manifest.json", sealed(listing()));
    }
};

}  // namespace isobatch
