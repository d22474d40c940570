#include "diagnose/finding.h"

#include <cmath>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(Finding, TheJsonHoldsEverything) {
    const Finding finding{.causes = {Cause::zero_grad_in_window, Cause::unknown},
                          .occasion = Occasion(Timing::epoch_ends, Reach::last_micros),
                          .summary = "what",
                          .trial = "gpt --splits 4x4x1",
                          .first = {2, 1, "", -1},
                          .weights = {{"a", 1, 2, 3.5, 0.25, std::nan(""), {0.5, 0}, {1}}},
                          .stale = {1, HUGE_VAL},
                          .terms = {{"penalty", 14.5, std::nan("")}},
                          .worst_error = std::nan(""),
                          .rivals = {{Cause::epoch_tail_dropped, "why", 3}},
                          .separated_by = "how",
                          .remedy = "do",
                          .precedent = "there",
                          .repro = "again"};
    const Json expected = parse_json(R"({
        "causes": ["zero-grad-in-window", "unknown"], "timing": "epoch-ends", "reach": "last-micros", "summary": "what", "trial": "gpt --splits 4x4x1",
        "first": {"step": 2, "rank": 1, "tensor": "", "index": -1},
        "weights": [{"sample": "a", "rank": 1, "micro": 2, "units": 3.5, "recovered": 0.25, "predicted": "nan",
                     "units_recovered": [0.5, 0.0], "units_predicted": [1.0]}],
        "stale": [1.0, "inf"], "terms": [{"term": "penalty", "recovered": 14.5, "predicted": "nan"}], "worst_error": "nan", "rivals": [{"cause": "epoch-tail-dropped", "ruled_out_by": "why", "explained": 3}],
        "separated_by": "how", "remedy": "do", "precedent": "there", "repro": "again"})",
                                     "here");
    EXPECT_EQ(to_json(finding), expected);
}

TEST(Finding, EmptyListsAreLists) {
    const Json json = to_json(Finding{});
    for (const char* list : {"causes", "weights", "stale", "terms", "rivals"})
        EXPECT_EQ(json[list], Json::array()) << list;
    EXPECT_EQ(json["worst_error"], 0);
}

}  // namespace
}  // namespace isobatch
