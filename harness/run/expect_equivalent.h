#pragma once

#include <gtest/gtest.h>

#include "run/every_split.h"

/// In a GoogleTest: every split of the trial's effective batch trains like the single large batch. Fails with the
/// finding: which cause, what to change and the command that repeats it.
#define ISOBATCH_EXPECT_EQUIVALENT(trial) \
    EXPECT_EQ("", ::isobatch::complaint(::isobatch::run_all(::isobatch::every_split(trial))))
