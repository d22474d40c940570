#include "judge/verdict.h"

#include <cmath>
#include <limits>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Verdict verdict() {
    Verdict verdict;
    verdict.outcome = Outcome::divergent;
    verdict.margin = infinity;
    verdict.sensitivity = 1.0 / 3;
    verdict.tested = {Claim::scale, Claim::state};
    verdict.checks.push_back({.check = Check::data, .outcome = Outcome::identical});
    verdict.checks.push_back(
        {.check = Check::grad,
         .outcome = Outcome::divergent,
         .margin = infinity,
         .observed = 0.1,
         .tolerance = {.error = 1e-300, .unit_roundoff = 0x1p-53, .magnitude = 7, .factor = 8},
         .first = Place{3, 2, "layer/weight", 12},
         .worst = Place{},
         .message = "a \"message\"",
         .parameters = {{"layer/weight", infinity}, {"layer/bias", 0.25}},
         .losses = {{1, 2.5, 1.0 / 3, 1e-300}, {2, std::nullopt, 7.0, 0}, {3, 7.0, std::nullopt, 0}}});
    verdict.identities = {{Identity::scale, 5, 2, ""}, {Identity::swap_micros, 0, 0, "why"}};
    return verdict;
}

TEST(Verdict, ReadsBackFromItsJson) {
    EXPECT_EQ(verdict_from_json(to_json(verdict()), "file"), verdict());
    EXPECT_EQ(verdict_from_json(parse_json(to_json(verdict()).dump(), "file"), "file"), verdict());
    EXPECT_EQ(verdict_from_json(to_json(Verdict{}), "file"), Verdict{});
    for (const Claim claim : all_claims) {
        Verdict one;
        one.tested = {claim};
        EXPECT_EQ(verdict_from_json(to_json(one), "file"), one);
    }
}

TEST(Verdict, NumbersThatJsonCannotHoldReadBack) {
    Verdict strange = verdict();
    strange.checks[1].margin = std::nan("");
    strange.checks[1].observed = -infinity;
    strange.checks[1].tolerance = {
        .error = infinity, .unit_roundoff = std::nan(""), .magnitude = -infinity, .factor = infinity};
    EXPECT_EQ(to_json(verdict_from_json(parse_json(to_json(strange).dump(), "file"), "file")), to_json(strange));
}

TEST(Verdict, TheJsonShowsWhatIsAllowed) {
    const Json check = to_json(verdict())["checks"][1];
    EXPECT_EQ(check["allowed"], verdict().checks[1].tolerance.allowed());
    EXPECT_EQ(check["tolerance"]["factor"], 8);
    EXPECT_EQ(check["tolerance"]["E"], 1e-300);
    EXPECT_EQ(check["tolerance"]["u"], 0x1p-53);
    EXPECT_EQ(check["tolerance"]["A"], 7);
    EXPECT_EQ(check["margin"], "inf");
    EXPECT_EQ(check["first"]["rank"], 2);
    EXPECT_EQ(to_json(verdict())["checks"][0]["first"], nullptr);
}

TEST(Verdict, WhatIsNotKnownOfALossIsNull) {
    const Json losses = to_json(verdict())["checks"][1]["losses"];
    EXPECT_EQ(losses[1]["loss"], nullptr);
    EXPECT_EQ(losses[2]["truth"], nullptr);
    EXPECT_EQ(losses[0]["step"], 1);
}

TEST(Verdict, WhatIsNoVerdictIsAnError) {
    const Json good = to_json(verdict());
    for (const char* field : {"/outcome",
                              "/margin",
                              "/sensitivity",
                              "/checks",
                              "/tested",
                              "/identities",
                              "/identities/1/identity",
                              "/identities/0/windows",
                              "/identities/0/broken",
                              "/identities/1/unfit",
                              "/checks/1/check",
                              "/checks/1/outcome",
                              "/checks/1/margin",
                              "/checks/1/observed",
                              "/checks/1/tolerance",
                              "/checks/1/parameters",
                              "/checks/1/parameters/0/margin",
                              "/checks/1/losses",
                              "/checks/1/losses/0/step",
                              "/checks/1/losses/0/truth",
                              "/checks/1/tolerance/E",
                              "/checks/1/tolerance/u",
                              "/checks/1/tolerance/A",
                              "/checks/1/tolerance/factor",
                              "/checks/1/first",
                              "/checks/1/worst",
                              "/checks/1/message",
                              "/checks/1/first/step",
                              "/checks/1/first/rank",
                              "/checks/1/first/tensor",
                              "/checks/1/first/index"}) {
        const Json::json_pointer pointer(field);
        for (const Json& bad :
             {Json("?"), Json(-2), Json(true), Json(0.5), Json({{"a", 1}}), Json::array({Json::array()})}) {
            const bool number = good[pointer].is_number() || good[pointer] == "inf";
            const bool whole =
                std::string(field).starts_with("/checks/1/first") || std::string(field).starts_with("/identities");
            if (number && bad.is_number() && !whole) continue;
            if (good[pointer].is_string() && bad.is_string() &&
                (std::string(field).ends_with("message") || std::string(field).ends_with("unfit") ||
                 std::string(field).ends_with("/tensor")))
                continue;
            Json damaged = good;
            damaged[pointer] = bad;
            const Error error = error_of([&] { verdict_from_json(damaged, "trials/a.json"); });
            EXPECT_TRUE(error.where().starts_with("trials/a.json")) << field << " " << bad << ": " << error.what();
        }
        Json without = good;
        without[pointer.parent_pointer()].erase(pointer.back());
        EXPECT_TRUE(says(error_of([&] { verdict_from_json(without, "trials/a.json"); }).where(), "trials/a.json"))
            << field;
    }
    EXPECT_TRUE(says(error_of([] { verdict_from_json(Json("text"), "trials/a.json"); }).where(), "trials/a.json"));
}

TEST(Verdict, AHostileTextIsEscapedInTheError) {
    Json damaged = to_json(verdict());
    damaged["tested"][0] = "\x1b[2J";
    EXPECT_TRUE(says(error_of([&] { verdict_from_json(damaged, "f"); }).what(), "\\x1b[2J"));
}

TEST(HoldsStrictly, WhereAWindowOfItWasJudgedAndRight) {
    Verdict verdict;
    verdict.checks = {{.check = Check::identity}};
    verdict.identities = {{Identity::strict, 2, 0, ""}};
    EXPECT_TRUE(holds_strictly(verdict));
    verdict.identities[0].windows = 0;
    EXPECT_FALSE(holds_strictly(verdict));
    verdict.identities = {{Identity::scale, 2, 0, ""}};
    EXPECT_FALSE(holds_strictly(verdict));
    verdict.identities = {{Identity::strict, 2, 0, ""}};
    verdict.checks[0].outcome = Outcome::divergent;
    EXPECT_FALSE(holds_strictly(verdict));
    verdict.checks.clear();
    EXPECT_FALSE(holds_strictly(verdict));
}

TEST(ResultOf, FindsTheCheckOrSaysThatThereIsNone) {
    const Verdict some = verdict();
    EXPECT_EQ(&result_of(some, Check::grad), &some.checks[1]);
    EXPECT_TRUE(says(error_of([&] { result_of(some, Check::loss); }).what(), "no check \"loss\""));
}

TEST(Place, TextAndJson) {
    EXPECT_EQ(to_string(Place{3, 1, "weight", 12}), "step 3, rank 1, weight[12]");
    EXPECT_EQ(to_string(Place{3, 1, "", -1}), "step 3, rank 1");
    EXPECT_EQ(to_string(Place{}), "the whole run");
    EXPECT_EQ(to_string(Place{1, 0, "\x1b", 0}), "step 1, rank 0, \\x1b[0]");
    for (const Place& place :
         {Place{},
          Place{std::numeric_limits<std::int64_t>::max(), 1 << 20, "a/b", std::numeric_limits<std::int64_t>::max()},
          Place{0, 0, "", 0}})
        EXPECT_EQ(place_from_json(to_json(place), "file"), place);
    for (const Place& place : {Place{-1}, Place{0, -1}, Place{0, (1 << 20) + 1}, Place{0, 0, "", -2}})
        EXPECT_EQ(error_of([&] { place_from_json(to_json(place), "file"); }).where(), "file");
}

}  // namespace
}  // namespace isobatch
