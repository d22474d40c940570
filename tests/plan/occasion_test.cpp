#include "plan/occasion.h"

#include <set>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(Occasion, ReadsBackFromEitherNameOrBoth) {
    for (const Timing when : all_timings) EXPECT_EQ(parse_occasion(to_string(when)), Occasion(when));
    for (const Reach where : all_reaches) EXPECT_EQ(parse_occasion(to_string(where)), Occasion(Timing::always, where));
    const Occasion both(Timing::epoch_ends, Reach::second_device);
    EXPECT_EQ(parse_occasion("epoch-ends@second-device"), both);
    EXPECT_EQ(parse_occasion("second-device@epoch-ends"), both);
}

TEST(Occasion, AnUnknownNameIsRefusedWithTheNearest) {
    const Error error = error_of([] { parse_occasion("always@first-windows\x1b"); });
    EXPECT_EQ(error.where(), "--fault");
    EXPECT_TRUE(says(error.problem(), "first-windows\\x1b"));
    EXPECT_TRUE(says(error.next(), "did you mean first-window?"));
    EXPECT_TRUE(says(error.next(), "second-device"));
    EXPECT_THROW(parse_occasion(""), Error);
}

TEST(Occasion, EachHasATextOfItsOwnAndTheSimplestIsFirst) {
    std::set<std::string> meanings;
    for (const Occasion& occasion : all_occasions())
        EXPECT_TRUE(meanings.insert(meaning(occasion)).second) << meaning(occasion);
    EXPECT_EQ(meanings.size(), all_timings.size() * all_reaches.size());
    EXPECT_EQ(all_occasions().front(), Occasion());
    EXPECT_EQ(all_occasions()[1], Occasion(Timing::first_window));
    EXPECT_EQ(all_occasions()[all_timings.size()], Occasion(Timing::always, Reach::last_micros));
    EXPECT_EQ(meaning(Occasion(Timing::epoch_ends, Reach::second_device)),
              "on the second device, in the last window of each epoch");
}

TEST(Occasion, ReachesTheMicrosThatItNames) {
    EXPECT_TRUE(reaches(Reach::everywhere, 0, 0, 3));
    EXPECT_TRUE(reaches(Reach::last_micros, 0, 2, 3));
    EXPECT_FALSE(reaches(Reach::last_micros, 0, 1, 3));
    EXPECT_TRUE(reaches(Reach::last_micros, 0, 0, 1));
    EXPECT_FALSE(reaches(Reach::later_micros, 1, 0, 3));
    EXPECT_TRUE(reaches(Reach::later_micros, 1, 1, 3));
    EXPECT_TRUE(reaches(Reach::second_device, 1, 0, 3));
    EXPECT_FALSE(reaches(Reach::second_device, 0, 0, 3));
    EXPECT_FALSE(reaches(Reach::second_device, 2, 0, 3));
    EXPECT_TRUE(reaches(Reach::some_parameters, 0, 1, 3));
}

}  // namespace
}  // namespace isobatch
