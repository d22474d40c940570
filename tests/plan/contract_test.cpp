#include "plan/contract.h"

#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(Weighting, TextReadsBack) {
    EXPECT_EQ(to_string(Weighting::token_mean), "token-mean");
    EXPECT_EQ(to_string(Weighting::sample_mean), "sample-mean");
    for (const Weighting weighting : {Weighting::token_mean, Weighting::sample_mean})
        EXPECT_EQ(parse_weighting(to_string(weighting)), weighting);
}

TEST(Weighting, UnknownTextNamesTheChoices) {
    for (const char* text : {"", "Token-mean", "token_mean", "sum"}) EXPECT_THROW(parse_weighting(text), Error) << text;
    const Error error = error_of([] { parse_weighting("sum\n"); });
    EXPECT_TRUE(says(error.problem(), "sum\\n"));
    EXPECT_TRUE(says(error.next(), "token-mean or sample-mean"));
}

TEST(Contract, DefaultClaimsAll) {
    EXPECT_EQ(Contract{}, (Contract{Weighting::token_mean, true, true}));
}

TEST(Contract, JsonReadsBack) {
    for (const Weighting weighting : {Weighting::token_mean, Weighting::sample_mean})
        for (const bool tail : {false, true})
            for (const bool varies : {false, true})
                for (const bool exact : {false, true})
                    for (const bool couples : {false, true}) {
                        const std::optional<Contract> contract = Contract{weighting, tail, varies, exact, couples};
                        EXPECT_EQ(contract_from_json(parse_json(to_json(contract).dump(), "w"), "w"), contract);
                    }
    EXPECT_EQ(to_json(std::nullopt), Json());
    EXPECT_EQ(contract_from_json(Json(), "w"), std::nullopt);
}

TEST(Contract, DamagedJsonIsAnErrorWithItsPlace) {
    const Json good = to_json(Contract{});
    ASSERT_EQ(good.size(), 5u);
    for (const auto& [key, value] : good.items()) {
        Json without = good, wrong = good;
        without.erase(key);
        wrong[key] = Json::array();
        if (key == "exact" || key == "couples_samples")  // who says nothing of it does not promise it
            EXPECT_EQ(contract_from_json(without, "a/manifest.json"), Contract{});
        else
            EXPECT_TRUE(
                says(error_of([&] { contract_from_json(without, "a/manifest.json"); }).where(), "a/manifest.json"))
                << key;
        EXPECT_TRUE(says(error_of([&] { contract_from_json(wrong, "a/manifest.json"); }).where(), "a/manifest.json"))
            << key;
    }
    Json unknown = good;
    unknown["weighting"] = "sum";
    EXPECT_TRUE(says(error_of([&] { contract_from_json(unknown, "a/manifest.json"); }).where(), "a/manifest.json"));
    EXPECT_THROW(contract_from_json(Json("x"), "w"), Error);
}

}  // namespace
}  // namespace isobatch
