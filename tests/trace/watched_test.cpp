#include "trace/watched.h"

#include <cmath>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(Watched, ReadsBack) {
    Watched watched{{{{"betas", "[0.9,0.999]"}, {"weight_decay", "0.1"}}, {{"name", "\"rest\""}, {"momentum", "null"}}},
                    {{"exp_avg", {3, 0.25}}, {"step", {3, std::nullopt}}},
                    true,
                    2};
    EXPECT_EQ(watched_from(to_json(watched), "test"), watched);
    watched.moved.reset();
    watched.drew = false;
    watched.state["exp_avg"].norm = HUGE_VAL;
    EXPECT_EQ(watched_from(to_json(watched), "test"), watched);
    EXPECT_EQ(to_json(Watched()).dump(), R"({"drew":false,"settings":[],"state":{}})");
}

TEST(Watched, WhatIsNoneIsAnError) {
    for (const char* text : {R"({"settings":[],"state":{}})", R"({"drew":1,"settings":[],"state":{}})",
                             R"({"drew":true,"settings":[3],"state":{}})",
                             R"({"drew":true,"settings":[],"state":{"step":{"parameters":-1,"norm":null}}})",
                             R"({"drew":true,"moved":-1,"settings":[],"state":{}})"})
        EXPECT_FALSE(
            error_of([&] { reading("test", [&] { return watched_from(Json::parse(text), "test"); }); }).next().empty())
            << text;
}

}  // namespace
}  // namespace isobatch
