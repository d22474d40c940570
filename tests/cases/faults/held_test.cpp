#include "cases/faults/held.h"

#include <gtest/gtest.h>

#include "../../run/small_trial.h"

namespace isobatch {

TEST(Hold, GivesAWindowBackItsOwnMicros) {
    for (const Split& split : {Split{4, 1, 1}, Split{1, 2, 2}, Split{2, 1, 2}}) {
        const isobatch::Setup setup = make_setup(small_trial(split));
        for (const Batch& batch : setup.batches()) {  // with tails
            const Window window = setup.window(batch);
            Window again = window;
            hold(again, places_of(window));
            EXPECT_EQ(again.samples, window.samples);
            EXPECT_EQ(again.micros, window.micros);
        }
    }
}

TEST(Hold, APlaceMayHaveFewerMicrosThanAnother) {
    Window window;
    hold(window, {{0, {{5, 6}}}, {1, {{7}, {8, 9}}}});
    EXPECT_EQ(window.samples, (std::vector<std::int64_t>{5, 6, 7, 8, 9}));
    EXPECT_EQ(window.micros, (std::vector<Slice>{{0, 0, 0, 2}, {1, 0, 2, 3}, {1, 1, 3, 5}}));
    EXPECT_EQ(places_of(window), (Places{{0, {{5, 6}}}, {1, {{7}, {8, 9}}}}));
}

}  // namespace isobatch
