#pragma once

#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"

namespace isobatch {

/// The Error that `act` throws; the test fails when it throws none.
template <class Act>
Error error_of(Act act) {
    try {
        act();
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << "no Error was thrown";
    return Error("", "", "");
}

/// Whether a part of the text is `part`, with both in the message when not.
inline testing::AssertionResult says(const std::string& text, const std::string& part) {
    if (text.find(part) != std::string::npos) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "\"" << text << "\" does not say \"" << part << "\"";
}

/// Checks a RapidCheck law on `times` cases, where RC_GTEST_PROP has a hundred. A failure prints the smallest
/// counterexample and what RC_PARAMS repeats it.
template <class Law>
void expect_law(int times, Law law) {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    rc::detail::TestMetadata metadata;
    metadata.id = std::string(test->test_suite_name()) + "/" + test->name();
    metadata.description = test->name();
    rc::detail::TestParams params = rc::detail::configuration().testParams;
    params.maxSuccess = times;
    const auto result = rc::detail::checkTestable(law, metadata, params);
    std::ostringstream message;
    rc::detail::printResultMessage(result, message);
    EXPECT_TRUE(result.template is<rc::detail::SuccessResult>()) << message.str();
}

}  // namespace isobatch
