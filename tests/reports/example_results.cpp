/// Writes result files into a folder, for schema_test.py: `example_results DIRECTORY`. Between them they hold every
/// field and every word that a result may hold. Beside them pages, for browser_test.py.
#include <filesystem>

#include "base/file.h"
#include "reports/html/page.h"
#include "reports/run_directory.h"
#include "tests/reports/gate/small_gate.h"
#include "tests/reports/hostile.h"
#include "tests/reports/priced_result.h"

int main(int argc, char** argv) {
    using namespace isobatch;
    if (argc != 2) return 2;
    const std::filesystem::path directory = argv[1];
    const auto write = [&](const std::string& name, const Json& json) {
        write_file(directory / name, json.dump(1, ' ', false, Json::error_handler_t::replace));
    };

    write("small.json", to_json(small_result()));
    write("priced.json", to_json(priced_result()));
    write("without_times.json", to_json(small_result(), false));
    write("right.json", to_json(small_round()));
    write("nothing.json", to_json(assemble("", {}, {}, {})));
    write("hostile.json", to_json(hostile_result("\xff<script>\x1b")));

    write_file(directory / "small.html", html_page(small_result()));
    write_file(directory / "hostile.html",
               html_page(hostile_result("</title></style><script>window.hostile = 1</script>")));
    write_file(directory / "hostile_attribute.html",
               html_page(hostile_result("\" onfocus=\"window.hostile = 1\" autofocus x=\"")));
    write_file(directory / "hostile_svg.html", html_page(hostile_result("</text></svg><svg onload=window.hostile=1>")));

    Result odd = small_result();
    odd.findings = {odd_finding()};
    odd.records[0].cost = {infinite, not_a_number};
    odd.records[0].verdict.checks[3].tolerance = {infinite, -infinite, not_a_number, infinite};
    odd.records[0].verdict.tested = {all_claims.begin(), all_claims.end()};
    for (const Identity identity : all_identities) odd.records[0].verdict.identities.push_back({identity, 5, 1, ""});
    for (const Stage stage : {Stage::micro, Stage::device, Stage::exchange})
        odd.records[0].evidence.widths.push_back({stage, 8});
    for (const Cause cause : all_causes) odd.findings[0].rivals.push_back({cause, ""});
    for (const Timing timing : all_timings) {
        odd.findings.push_back(odd_finding());
        odd.findings.back().occasion.when = timing;
    }
    for (const Reach reach : all_reaches) {
        odd.findings.push_back(odd_finding());
        odd.findings.back().occasion.where = reach;
    }
    odd.records[0].evidence.windows.push_back(
        {.clipping = {Clipping::right, Clipping::left_out, Clipping::replicas_counted, Clipping::all_but_one,
                      Clipping::one_alone, Clipping::scaled, Clipping::told_another},
         .reporting = {Reporting::right, Reporting::last_micro, Reporting::over_accum, Reporting::scaled},
         .terms = {{"penalty", 0.125}}});
    for (const Updating updating : {Updating::right, Updating::altered, Updating::undecayed, Updating::unskipped,
                                    Updating::forwarded_twice, Updating::forwarded_others, Updating::forgotten})
        odd.records[0].evidence.windows.push_back({.updating = updating});
    odd.records[0].evidence.windows.back().recovered = {{.ranks = {0},
                                                         .weights = {0.5},
                                                         .units = {{1, not_a_number}},
                                                         .alike = {{{0, 0}, {0, 1}}},
                                                         .by_micros = "few"}};
    odd.findings[0].weights[0].units_recovered = {1, not_a_number};
    odd.findings[0].weights[0].units_predicted = {1, 0};
    odd.records[0].evidence.paces = {{3, not_a_number, -1}};
    write("odd.json", to_json(odd));

    for (const Outcome outcome : {Outcome::identical, Outcome::divergent}) {
        Record record = small_record("lesson", {4, 1, 1}, outcome);
        write(to_string(outcome) + ".json", to_json(assemble("", {record}, {"tail", "schedule", "state"}, {})));
    }
    const Record starved = out_of_memory_record({.split = {4, 1, 1}}, "isobatch check gpt", "out of memory");
    write("starved.json", to_json(assemble("", {starved}, {}, {})));
    return 0;
}
