#include "plan/exchange.h"

#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(Exchange, EveryChoiceIsWrittenAndRead) {
    for (const char* text : {"serial", "serial:inner=2", "gloo", "gloo:flat", "gloo:flat:inner=4", "gloo:bucket=4096",
                             "gloo:unused", "gloo:static", "gloo:view", "gloo:bucket=1:unused:static:view", "nccl",
                             "nccl:flat:inner=2", "nccl:bucket=8:view"})
        EXPECT_EQ(to_string(parse_exchange(text)), text);
    const Exchange all = parse_exchange("gloo:view:bucket=7:unused:static");
    EXPECT_EQ(all, (Exchange{Exchange::Backend::gloo, false, 7, true, true, true}));
}

TEST(Exchange, IsWrittenInOneWay) {
    EXPECT_EQ(to_string(parse_exchange("gloo:view:static:bucket=7")), "gloo:bucket=7:static:view");
}

TEST(Exchange, WhatIsNoneNamesTheOptionAndTheChoices) {
    for (const char* text :
         {"", "mpi", "nccl:inner=2", "serial:flat", "serial:inner=0", "serial:inner=2:view", "gloo:flat:inner=x",
          "gloo:inner=2", "gloo:inner=2:view", "gloo:", "gloo:fast", "gloo:bucket=", "gloo:bucket=0", "gloo:bucket=-4",
          "gloo:bucket=1k", "gloo:bucket=99999999999999999999"}) {
        const Error error = error_of([&] { parse_exchange(text); });
        EXPECT_EQ(error.where(), "--engine") << text;
        EXPECT_TRUE(says(error.next(), "gloo") || says(error.next(), "flat") || says(error.next(), "inner=")) << text;
    }
}

TEST(Exchange, AFlatOneHasNoBuckets) {
    for (const char* text :
         {"gloo:flat:view", "gloo:flat:bucket=8", "gloo:unused:flat", "gloo:static:flat", "gloo:flat:inner=2:view"})
        EXPECT_TRUE(says(error_of([&] { parse_exchange(text); }).problem(), "flat")) << text;
}

TEST(Exchange, NcclMovesWhatIsOnEachRanksOwnGpu) {
    require_device(parse_exchange("nccl:flat"), "cuda");
    for (const char* device : {"cpu", "cuda:0", "cuda:1"}) {
        require_device(parse_exchange("gloo"), device);
        require_device(parse_exchange("serial"), device);
        const Error error = error_of([&] { require_device(parse_exchange("nccl"), device); });
        EXPECT_EQ(error.where(), "--device");
        EXPECT_TRUE(says(error.problem(), device) && says(error.next(), "--device cuda"));
    }
}

}  // namespace
}  // namespace isobatch
