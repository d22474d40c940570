#include "run/manifest_of.h"

#include <gtest/gtest.h>

#include "small_trial.h"

namespace isobatch {

TEST(ManifestOf, SaysWhatRanAndWhere) {
    const isobatch::Setup setup = make_setup(small_trial({2, 1, 2}));
    const Manifest manifest = manifest_of(setup, Level::grads, {{"w", {2}}}, {"mean"}, 6, "xxh3:1");
    EXPECT_EQ(manifest.trial, to_string(setup.trial));
    EXPECT_EQ(manifest.ranks, 2);
    EXPECT_EQ(manifest.contract, Contract{});
    EXPECT_EQ(manifest.buffers, std::vector<std::string>{"mean"});
    EXPECT_EQ(manifest.steps, 6);
    EXPECT_EQ(manifest.follows, "xxh3:1");
    EXPECT_TRUE(manifest.ended.complete);
    for (const char* key : {"libtorch", "compiler", "cpu", "intra_op_threads", "architecture"})
        EXPECT_FALSE(manifest.provenance.at(key).empty()) << key;
}

}  // namespace isobatch
