#include "run/attention.h"

#include <gtest/gtest.h>

#include "small_trial.h"

namespace isobatch {

TEST(AttentionKernels, AreThoseOfAForward) {
    Trial trial;
    EXPECT_EQ(attention_kernels(make_setup(trial)), "flash_attention_for_cpu");
    trial.subject = "gpt-recomputed";
    EXPECT_EQ(attention_kernels(make_setup(trial)), "flash_attention_for_cpu");
}

TEST(AttentionKernels, OfAModelWithoutAttentionAreNone) {
    EXPECT_EQ(attention_kernels(make_setup(small_trial({2, 1, 1}))), "");
}

}  // namespace isobatch
