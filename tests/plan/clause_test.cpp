#include "plan/clause.h"

#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(Said, WordsInAnyOrderBetweenBlanksCommasAndLineEnds) {
    EXPECT_EQ(parse_said("token-mean", "w"), (Said{Weighting::token_mean, {}, {}}));
    EXPECT_EQ(parse_said("drops-tail,sample-mean", "w"), (Said{Weighting::sample_mean, false, {}}));
    EXPECT_EQ(parse_said("# of the docs, constant-rate\nkeeps-tail # yes\r\n\tschedule-in-updates\n", "w"),
              (Said{{}, true, true}));
    EXPECT_EQ(parse_said("constant-rate", "w"), (Said{{}, {}, false}));
}

TEST(Said, WhatIsNoClaimIsRefused) {
    for (const char* text : {"", " , ", "# token-mean", "token_mean", "token-mean,sum", "Token-mean", "keeps-tails"})
        EXPECT_THROW(parse_said(text, "w"), Error) << text;
    for (const char* text : {"token-mean,sample-mean", "keeps-tail keeps-tail", "constant-rate,schedule-in-updates"})
        EXPECT_TRUE(says(error_of([&] { parse_said(text, "w"); }).next(), "once")) << text;
    const Error error = error_of([] { parse_said("sum\x1b", "claims.txt"); });
    EXPECT_TRUE(says(error.problem(), "\"sum\\x1b\" is nothing that a trainer can claim"));
    EXPECT_EQ(error.where(), "claims.txt");
    EXPECT_TRUE(says(error.next(), "sample-mean"));
}

TEST(Said, AContractSaysAllAndNoContractNothing) {
    EXPECT_EQ(said_of(std::nullopt), Said{});
    EXPECT_EQ(said_of(Contract{Weighting::sample_mean, false, true}), (Said{Weighting::sample_mean, false, true}));
    for (const bool yes : {false, true}) {
        const Contract contract{yes ? Weighting::token_mean : Weighting::sample_mean, yes, yes};
        std::string text;
        for (const Claim claim : {Claim::weighting, Claim::tail, Claim::schedule})
            text += word_for(claim, contract) + ",";
        EXPECT_EQ(parse_said(text, "w"), said_of(contract)) << text;
    }
}

TEST(Clause, SaysWhoSaysItAndWhetherItIsSo) {
    Clause clause{Claim::tail, "keeps-tail", true, Stance::broken, "why"};
    EXPECT_EQ(to_string(clause), "claimed and not kept: keeps-tail (why)");
    clause.stance = Stance::kept;
    EXPECT_EQ(to_string(clause), "claimed and kept: keeps-tail (why)");
    clause.given = false;
    EXPECT_EQ(to_string(clause), "inferred: keeps-tail (why)");
    clause.stance = Stance::unseen;
    EXPECT_EQ(to_string(clause), "assumed: keeps-tail (why)");
    clause.given = true;
    EXPECT_EQ(to_string(clause), "claimed, and nothing here shows it: keeps-tail (why)");
    EXPECT_EQ(to_string(Clause{Claim::tail, "", false, Stance::unseen, "why"}),
              "of the tail nothing is claimed or assumed: why");
}

TEST(Clause, JsonReadsBackAndDamageIsAnErrorWithItsPlace) {
    for (const Claim claim : {Claim::weighting, Claim::tail, Claim::schedule})
        for (const Stance stance : {Stance::kept, Stance::broken, Stance::unseen})
            for (const bool given : {false, true}) {
                const Clause clause{claim, "word", given, stance, "reason"};
                EXPECT_EQ(clause_from_json(parse_json(to_json(clause).dump(), "w"), "w"), clause);
            }
    const Json good = to_json(Clause{});
    for (const auto& [key, value] : good.items()) {
        Json without = good, wrong = good;
        without.erase(key);
        wrong[key] = key == "claim" || key == "stance" ? Json("scale") : Json::array();
        for (const Json& bad : {without, wrong})
            EXPECT_TRUE(says(error_of([&] { clause_from_json(bad, "a/result.json"); }).where(), "a/result.json"))
                << key;
    }
}

}  // namespace
}  // namespace isobatch
