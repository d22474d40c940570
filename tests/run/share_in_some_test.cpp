#include "run/share_in_some.h"

#include <gtest/gtest.h>

#include "run/forward.h"
#include "run/setup.h"
#include "run/tensors.h"
#include "small_trial.h"

namespace isobatch {

TEST(ShareInSome, ScalesWhatIsAddedToEverySecondParameterWhileItLives) {
    const isobatch::Setup setup = make_setup(small_trial({4, 1, 1}));
    Replica replica = make_replica(*setup.subject, setup.trial, 0, 1);
    const auto backward = [&](double share) {
        const ShareInSome some(replica, share);
        forward(setup, replica, std::vector<std::int64_t>{3}).backward();
        std::vector<std::vector<double>> all;
        for (const at::Tensor& parameter : replica.parameters)
            all.push_back(as_doubles(snapshot(gradient_of(parameter)), "gradient"));
        return all;
    };
    const auto once = backward(1), quarter = backward(0.25), again = backward(1);
    ASSERT_GE(once.size(), 2u);
    for (std::size_t p = 0; p < once.size(); ++p)
        for (std::size_t j = 0; j < once[p].size(); ++j) {
            EXPECT_DOUBLE_EQ(quarter[p][j], (p % 2 == 1 ? 1.25 : 2) * once[p][j]) << p;
            EXPECT_DOUBLE_EQ(again[p][j], (p % 2 == 1 ? 2.25 : 3) * once[p][j]) << p;
        }
}

}  // namespace isobatch
