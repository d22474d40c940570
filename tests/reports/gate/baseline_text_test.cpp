#include "reports/gate/baseline_text.h"

#include <algorithm>

#include "tests/base/expect.h"
#include "tests/reports/gate/small_gate.h"
#include "tests/reports/hostile.h"

namespace isobatch {
namespace {

std::string changed(const std::string& from, const std::string& to) {
    std::string text = baseline_text(small_baseline());
    EXPECT_NE(text.find(from), std::string::npos) << from;
    return text.replace(text.find(from), from.size(), to);
}

Error error_for(const std::string& text) {
    const Error error = error_of([&] { baseline_from_text(text, "gate.json"); });
    EXPECT_EQ(error.exit_code(), 2);
    EXPECT_TRUE(error.where().starts_with("gate.json")) << error.where();
    EXPECT_FALSE(error.next().empty());
    return error;
}

TEST(BaselineText, ReadsBackAndIsTheSameTextAgain) {
    Baseline baseline = small_baseline();
    baseline.causes = {"gpt: unknown", "a: b"};
    baseline.trials[1].outcome = Outcome::crashed;
    const std::string text = baseline_text(baseline);
    const Baseline read = baseline_from_text(text, "gate.json");
    EXPECT_EQ(baseline_text(read), text);
    EXPECT_EQ(read.causes, baseline.causes);
    EXPECT_EQ(read.trials[2].trial, baseline.trials[2].trial);
    EXPECT_EQ(read.trials[1].outcome, Outcome::crashed);
    EXPECT_EQ(read.trials[2].margins, baseline.trials[2].margins);
    EXPECT_EQ(read.trials[2].traffic, baseline.trials[2].traffic);
    EXPECT_EQ(read.trials[2].memory_bytes_peak, 1000);
    EXPECT_EQ(read.clock + read.machine + read.software, "processorx86-64, Model 9libtorch 2.11.0");
}

TEST(BaselineText, HasALineForEachTrial) {
    const std::string text = baseline_text(small_baseline());
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1 + 8 + 3 + 3) << text;
    EXPECT_TRUE(says(text, "\n  {\"trial\":\"gpt --splits 2x2x1 "));
    EXPECT_TRUE(says(text, "\"ms\":[6.0,6.0006,6.0012,6.0,"));
}

TEST(BaselineFromText, SortsWhatAMergeHasMovedAround) {
    Baseline baseline = small_baseline();
    std::reverse(baseline.trials.begin(), baseline.trials.end());
    EXPECT_EQ(baseline_text(baseline_from_text(baseline_text(baseline), "gate.json")), baseline_text(small_baseline()));
}

TEST(BaselineFromText, RefusesWhatIsNoBaseline) {
    for (const char* text : {"", "{", "[]", "{}", "null", "3", "\xff", R"({"schema": "isobatch-baseline/2"})",
                             R"({"schema": 1})", R"({"trials": [{}]})"})
        error_for(text);
    EXPECT_TRUE(says(error_for(changed("baseline/1", "baseline/2")).problem(), "expected schema isobatch-baseline/1"));
    const std::string whole = baseline_text(small_baseline());
    for (std::size_t size = 0; size + 2 < whole.size(); size += 7) error_for(whole.substr(0, size));
    EXPECT_TRUE(says(error_for(std::string((64 << 20) + 1, ' ')).problem(), "67108865 bytes"));
}

TEST(BaselineFromText, RefusesEveryFieldThatIsMissingUnknownOrOfAnotherType) {
    const Json whole = Json::parse(baseline_text(small_baseline()));
    const auto try_all = [&](auto at) {
        Json good = whole;
        const Json fields = at(good);
        for (const auto& [field, value] : fields.items()) {
            for (const Json& wrong : {Json(true), Json(nullptr), Json::object(), Json(-0.5), Json("?")}) {
                const bool text = value.is_string() && wrong.is_string();
                if (text && field != "schema" && field != "outcome" && field != "clock" && field != "trial") continue;
                Json bad = whole;
                at(bad)[field] = wrong;
                error_for(bad.dump());
            }
            Json missing = whole, more = whole;
            at(missing).erase(field);
            error_for(missing.dump());
            at(more)[field + "s"] = value;
            EXPECT_TRUE(says(error_for(more.dump()).problem(), field + "s"));
        }
    };
    try_all([](Json& json) -> Json& { return json; });
    try_all([](Json& json) -> Json& { return json["trials"][1]; });
}

TEST(BaselineFromText, RefusesNumbersThatNoRunHas) {
    for (const auto& [field, values] : std::map<std::string, std::vector<std::string>>{
             {"ms", {"[-1]", "[1e10]", "[1e400]", "[\"nan\"]", "[null]", "1"}},
             {"margins", {"[-1]", "[1.5]", "[\"inf\"]", "[[1]]"}},
             {"collectives", {"-1", "1.5", "1e300", "9007199254740993"}},
             {"bytes", {"-1", "18446744073709551616"}},
             {"exchanges", {"-1", "1e10", "\"nan\""}},
             {"memory_bytes_peak", {"-1", "0.5"}}})
        for (const std::string& value : values) {
            const std::string text = baseline_text(small_baseline()), key = "\"" + field + "\":";
            const std::size_t begin = text.find(key) + key.size();
            const std::size_t end = text.find_first_of(text[begin] == '[' ? "]" : ",}", begin) + (text[begin] == '[');
            error_for(text.substr(0, begin) + value + text.substr(end));
        }
}

TEST(BaselineFromText, RefusesAListThatIsTooLong) {
    Baseline baseline = small_baseline();
    for (Standing& standing : baseline.trials) standing.ms.assign(most_rounds + 1, 1);
    EXPECT_TRUE(says(error_for(baseline_text(baseline)).problem(), "at most 64"));
    baseline = small_baseline();
    baseline.trials[0].margins.assign(most_margins + 1, 0.5);
    EXPECT_TRUE(says(error_for(baseline_text(baseline)).problem(), "at most 16"));
}

TEST(BaselineFromText, RefusesATrialTwiceNoneAndUnevenTimes) {
    Baseline baseline = small_baseline();
    baseline.trials.push_back(baseline.trials[0]);
    EXPECT_TRUE(says(error_for(baseline_text(baseline)).problem(), "twice"));
    baseline = small_baseline();
    baseline.trials[1].ms.pop_back();
    EXPECT_TRUE(says(error_for(baseline_text(baseline)).problem(), "different numbers of runs"));
    baseline.trials.clear();
    EXPECT_TRUE(says(error_for(baseline_text(baseline)).problem(), "no trial"));
    EXPECT_TRUE(says(error_for(changed("\"trials\": [", "\"trials\": [7,")).problem(), "no object"));
}

TEST(BaselineFromText, AnErrorIsSafeOnATerminal) {
    for (const std::string& text : hostile_texts()) {
        Baseline baseline = small_baseline();
        baseline.trials[0].trial.subject = text;
        baseline.clock = text;
        const std::string file = baseline_text(baseline);
        try {
            baseline_from_text(file, "gate.json");
        } catch (const Error& error) {
            for (const char c : std::string(error.what()))
                EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << shown(text);
        }
    }
}

}  // namespace
}  // namespace isobatch
