#include "base/json.h"

#include <bit>
#include <cfloat>
#include <cmath>
#include <limits>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

double through_text(double value) {
    return number_from_json(parse_json(number_to_json(value).dump(), "test"), "test");
}

TEST(NumberToJson, ReadsBackBitForBit) {
    const double values[] = {0.0,
                             -0.0,
                             1.0,
                             -1.0,
                             0.1,
                             1.0 / 3,
                             DBL_MIN,
                             DBL_TRUE_MIN,
                             -DBL_TRUE_MIN,
                             DBL_MAX,
                             -DBL_MAX,
                             DBL_MIN - DBL_TRUE_MIN,
                             DBL_EPSILON,
                             1 + DBL_EPSILON,
                             9007199254740993.0,
                             5e-324,
                             2.2250738585072011e-308,
                             123456789012345678.0,
                             1e22,
                             1e23};
    for (const double value : values)
        EXPECT_EQ(std::bit_cast<std::uint64_t>(through_text(value)), std::bit_cast<std::uint64_t>(value)) << value;
}

TEST(NumberToJson, ReadsBackBitForBitForAnyPattern) {
    expect_law(20000, [] {
        // Small patterns are subnormal, those of full size have every exponent and both signs.
        const auto bits = *rc::gen::oneOf(rc::gen::arbitrary<std::uint64_t>(),
                                          rc::gen::resize(100, rc::gen::arbitrary<std::uint64_t>()));
        const double value = std::bit_cast<double>(bits);
        const double back = through_text(value);
        if (std::isnan(value))
            RC_ASSERT(std::isnan(back));
        else
            RC_ASSERT(std::bit_cast<std::uint64_t>(back) == bits);
    });
}

TEST(NumberToJson, WritesWhatJsonCannotHoldAsText) {
    EXPECT_EQ(number_to_json(std::nan("")).dump(), "\"nan\"");
    EXPECT_EQ(number_to_json(-std::nan("")).dump(), "\"nan\"");
    EXPECT_EQ(number_to_json(HUGE_VAL).dump(), "\"inf\"");
    EXPECT_EQ(number_to_json(-HUGE_VAL).dump(), "\"-inf\"");
    EXPECT_EQ(through_text(HUGE_VAL), HUGE_VAL);
    EXPECT_EQ(through_text(-HUGE_VAL), -HUGE_VAL);
}

TEST(NumberFromJson, TakesIntegersAndRefusesTheRest) {
    EXPECT_EQ(number_from_json(Json(7), "w"), 7.0);
    EXPECT_EQ(number_from_json(Json(-7), "w"), -7.0);
    for (const Json& bad :
         {Json(), Json(true), Json("1"), Json("NaN"), Json("infinity"), Json(""), Json::array({1}), Json::object()}) {
        const Error error = error_of([&] { number_from_json(bad, "line 3, loss"); });
        EXPECT_TRUE(says(error.problem(), bad.dump()));
        EXPECT_EQ(error.where(), "line 3, loss");
        EXPECT_EQ(error.exit_code(), 2);
    }
}

TEST(IntegerFromJson, TakesTheWholeRangeAndItsEnds) {
    constexpr auto lowest = std::numeric_limits<std::int64_t>::min(),
                   highest = std::numeric_limits<std::int64_t>::max();
    EXPECT_EQ(integer_from_json(parse_json("9223372036854775807", "w"), lowest, highest, "w"), highest);
    EXPECT_EQ(integer_from_json(parse_json("-9223372036854775808", "w"), lowest, highest, "w"), lowest);
    EXPECT_EQ(integer_from_json(Json(3), 3, 5, "w"), 3);
    EXPECT_EQ(integer_from_json(Json(5), 3, 5, "w"), 5);
    EXPECT_EQ(integer_from_json(Json(-3), -3, -3, "w"), -3);
}

TEST(IntegerFromJson, RefusesWhatIsOutOfRangeOrNotWhole) {
    for (const char* bad : {"2", "6", "-4", "4.0", "4e0", "0.5", "\"4\"", "true", "null", "[4]", "{}",
                            "9223372036854775808", "18446744073709551615", "-9223372036854775808"}) {
        const Error error = error_of([&] { integer_from_json(parse_json(bad, "w"), 3, 5, "place"); });
        EXPECT_TRUE(says(error.problem(), "from 3 to 5")) << bad;
        EXPECT_EQ(error.where(), "place") << bad;
    }
    const auto all = [](const char* text) {
        return integer_from_json(parse_json(text, "w"), std::numeric_limits<std::int64_t>::min(),
                                 std::numeric_limits<std::int64_t>::max(), "w");
    };
    for (const char* bad : {"9223372036854775808", "18446744073709551615", "-9223372036854775809"})
        EXPECT_THROW(all(bad), Error) << bad;
}

TEST(IntegerFromJson, QuotesTheStartOfALongValue) {
    const Error error = error_of([] { integer_from_json(Json(std::string(100'000, 'x')), 0, 1, "w"); });
    EXPECT_TRUE(says(error.problem(), "found \"xxx"));
    EXPECT_LT(error.problem().size(), 200u);
}

TEST(ListFromJson, TakesArraysOnly) {
    EXPECT_EQ(list_from_json(Json::array({1, 2}), "w").size(), 2u);
    EXPECT_EQ(list_from_json(Json::array(), "w").size(), 0u);
    for (const Json& bad : {Json(), Json(4), Json("abc"), Json({{"a", 1}})})
        EXPECT_EQ(error_of([&] { list_from_json(bad, "w, shape"); }).where(), "w, shape");
}

TEST(NumbersFromJson, TakesAListOfNumbersOnly) {
    const std::vector<double> values{0.1, -0.0, HUGE_VAL};
    EXPECT_EQ(numbers_to_json(values).dump(), "[0.1,-0.0,\"inf\"]");
    EXPECT_EQ(numbers_from_json(numbers_to_json(values), "w"), values);
    EXPECT_TRUE(numbers_from_json(numbers_to_json({}), "w").empty());
    for (const Json& bad : {Json(), Json(0.5), Json("nan"), Json({{"a", 1}}), Json({"x"}), Json({{1}})})
        EXPECT_EQ(error_of([&] { numbers_from_json(bad, "line 1, lr"); }).where(), "line 1, lr") << bad;
}

TEST(ParseJson, RefusesMalformedTextWithItsPlace) {
    for (const char* bad : {"", " ", "{", "[1,]", "{\"a\":1}x", "{\"a\":1}{}", "nul", "NaN", "1e999", "'a'", "\"\xff\"",
                            "{\"a\" 1}", "// c\n1", "[1 2]", "01"})
        EXPECT_EQ(error_of([&] { parse_json(bad, "file.json"); }).where(), "file.json") << bad;
}

TEST(ParseJson, RefusesAKeyThatIsGivenTwiceInOneObject) {
    for (const char* bad : {"{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":2,\"a\":3}", "{\"x\":[{\"a\":1,\"a\":2}]}",
                            "{\"a\":{\"b\":1},\"a\":2}", "{\"a\":1,\"\\u0061\":2}"})
        EXPECT_TRUE(says(error_of([&] { parse_json(bad, "w"); }).problem(), "\"a\" is given twice")) << bad;
    EXPECT_EQ(parse_json("{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":2}]}", "w").at("b").at(1).at("a"), 2);
}

TEST(ParseJson, RefusesNestingThatWouldExhaustTheStack) {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    EXPECT_EQ(parse_json(nested(64), "w").dump(), nested(64));
    EXPECT_TRUE(says(error_of([&] { parse_json(nested(66), "w"); }).problem(), "nested deeper than 64"));
    EXPECT_THROW(parse_json(std::string(10'000'000, '['), "w"), Error);
    std::string objects;
    for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
    EXPECT_THROW(parse_json(objects, "w"), Error);
}

TEST(ParseJson, QuotesHostileTextShortAndPrintable) {
    const Error error = error_of([] { parse_json("\"\xc2\x9b\xe2\x80\xae" + std::string(100'000, 'x'), "w"); });
    EXPECT_LT(error.problem().size(), 500u);
    EXPECT_EQ(error.problem().find("\xc2\x9b"), std::string::npos);
    EXPECT_EQ(error.problem().find("\xe2\x80\xae"), std::string::npos);
    const Error twice = error_of([] { parse_json("{\"\\u001b[2J\":1,\"\\u001b[2J\":2}", "w"); });
    EXPECT_TRUE(says(twice.problem(), "\\x1b[2J"));
}

TEST(Reading, TurnsAMissingFieldIntoAnErrorWithThePlace) {
    const Json object{{"a", 1}};
    EXPECT_EQ(reading("w", [&] { return object.at("a").get<int>(); }), 1);
    const Error missing = error_of([&] { reading("file, field", [&] { return object.at("b").get<int>(); }); });
    EXPECT_TRUE(says(missing.problem(), "'b' not found"));
    EXPECT_EQ(missing.where(), "file, field");
    EXPECT_THROW(reading("w", [&] { return object.at("a").get<std::string>(); }), Error);
}

TEST(Reading, PutsThePlaceBeforeThatOfAnInnerError) {
    const Error inner =
        error_of([] { reading("file", [] { throw Error("what", "--recipe", "next", Error::Kind::unfinished); }); });
    EXPECT_EQ(inner.where(), "file, --recipe");
    EXPECT_EQ(inner.problem(), "what");
    EXPECT_EQ(inner.next(), "next");
    EXPECT_EQ(inner.exit_code(), 3);
    EXPECT_EQ(error_of([] { reading("file", [] { throw Error("what", "file, line 3", "next"); }); }).where(),
              "file, line 3");
}

}  // namespace

TEST(Json, ListsOfNumbersReadBackWithWhatJsonCannotHold) {
    const std::vector<double> values{0.1, -0.0, 1e-310, std::numeric_limits<double>::infinity()};
    const Json list = numbers_to_json(values);
    EXPECT_EQ(list[3], "inf");
    EXPECT_EQ(numbers_from_json(list, "here"), values);
    EXPECT_EQ(error_of([] { numbers_from_json(Json{1, "one"}, "here"); }).where(), "here");
}

}  // namespace isobatch
