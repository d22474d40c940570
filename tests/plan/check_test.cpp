#include "plan/check.h"

#include <set>
#include <vector>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(PlanCheck, NamesAreThoseOfThePublicFormatsInOrder) {
    std::vector<std::string> names;
    for (const Check check : all_checks) names.push_back(to_string(check));
    EXPECT_EQ(names, (std::vector<std::string>{"data", "events", "step", "grad", "loss", "identity", "norm", "param",
                                               "opt", "buffers", "trajectory"}));
    EXPECT_EQ(static_cast<std::size_t>(Check::trajectory) + 1, all_checks.size());
    for (const Check check : all_checks)
        EXPECT_EQ(asked_for(check), check == Check::identity || check == Check::trajectory) << to_string(check);
}

TEST(PlanCheck, TextReadsBack) {
    for (const Check check : all_checks) EXPECT_EQ(parse_check(to_string(check)), check);
}

TEST(PlanCheck, UnknownTextNamesTheChoices) {
    for (const char* text : {"", "Data", "grads", "data "}) EXPECT_THROW(parse_check(text), Error) << text;
    const Error error = error_of([] { parse_check("gra\x1b"); });
    EXPECT_TRUE(says(error.problem(), "gra\\x1b"));
    for (const Check check : all_checks) EXPECT_TRUE(says(error.next(), to_string(check)));
}

}  // namespace
}  // namespace isobatch
