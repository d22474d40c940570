#include "supervise/job.h"

#include "plan/mesh.h"

namespace isobatch {

Machine machine_of(std::span<const std::string> addresses, int rank, int ranks) {
    if (addresses.empty()) return {"", rank, ranks};
    const auto address = [&](int of) { return addresses[static_cast<std::size_t>(of)]; };
    Machine machine{address(rank), 0, 0};
    for (int other = 0; other < ranks; ++other) {
        if (address(other) != machine.address) continue;
        machine.rank += other < rank;
        ++machine.ranks;
    }
    return machine;
}

std::string to_line(const Job& job) {
    Json line = {{"trial", to_string(job.trial)}, {"trace", job.trace}};
    if (job.by_units) line["by_units"] = true;
    if (job.rank) {
        line["rank"] = *job.rank;
        line["reference"] = job.reference;
        line["meeting"] = job.meeting;
        line["deadline_s"] = job.deadline_s;
        line["machine"] = {{"address", job.machine.address}, {"rank", job.machine.rank}, {"ranks", job.machine.ranks}};
    }
    return line.dump();
}

std::string to_line(const Beat& beat) {
    Json line = {{"window", beat.window}};
    if (beat.exchanging) line["exchanging"] = true;
    return line.dump();
}

std::optional<Beat> beat_from(std::string_view line) {
    constexpr std::size_t longest = 80;  // a record is long, and is parsed once
    if (line.size() > longest) return std::nullopt;
    const Json value = Json::parse(line, nullptr, false);
    if (!value.is_object() || !value.contains("window") || !value["window"].is_number_unsigned()) return std::nullopt;
    return Beat{value["window"].get<std::int64_t>(), value.contains("exchanging")};
}

Job parse_job(std::string_view line) {
    return reading("job", [&] {
        const Json value = parse_json(line, "job");
        Job job;
        job.trial = parse_trial(value.at("trial").get<std::string>());
        job.trace = value.at("trace").get<std::string>();
        job.by_units = value.value("by_units", false);
        if (!value.contains("rank")) return job;
        const int ranks = mesh_of(job.trial).ranks();
        job.rank = static_cast<int>(integer_from_json(value.at("rank"), 0, ranks - 1, "job.rank"));
        job.reference = value.at("reference").get<std::string>();
        job.meeting = value.at("meeting").get<std::string>();
        job.deadline_s = value.at("deadline_s").get<double>();
        const Json& machine = value.at("machine");
        job.machine.address = machine.at("address").get<std::string>();
        job.machine.ranks = static_cast<int>(integer_from_json(machine.at("ranks"), 1, ranks, "job.machine.ranks"));
        job.machine.rank =
            static_cast<int>(integer_from_json(machine.at("rank"), 0, job.machine.ranks - 1, "job.machine.rank"));
        return job;
    });
}

}  // namespace isobatch
