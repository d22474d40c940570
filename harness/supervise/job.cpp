#include "supervise/job.h"

namespace isobatch {

std::string to_line(const Job& job) {
    Json line = {{"trial", to_string(job.trial)}, {"trace", job.trace}};
    if (job.rank) {
        line["rank"] = *job.rank;
        line["reference"] = job.reference;
        line["meeting"] = job.meeting;
        line["deadline_s"] = job.deadline_s;
    }
    return line.dump();
}

Job parse_job(std::string_view line) {
    return reading("job", [&] {
        const Json value = parse_json(line, "job");
        Job job;
        job.trial = parse_trial(value.at("trial").get<std::string>());
        job.trace = value.at("trace").get<std::string>();
        if (!value.contains("rank")) return job;
        job.rank = static_cast<int>(integer_from_json(value.at("rank"), 0, job.trial.split.devices - 1, "job.rank"));
        job.reference = value.at("reference").get<std::string>();
        job.meeting = value.at("meeting").get<std::string>();
        job.deadline_s = value.at("deadline_s").get<double>();
        return job;
    });
}

}  // namespace isobatch
