#include "run/lattice.h"

#include <ATen/ops/add.h>
#include <gtest/gtest.h>

#include "base/lattice.h"
#include "run/forward.h"
#include "run/setup.h"
#include "run/tensors.h"
#include "small_trial.h"

namespace isobatch {

namespace {

/// The gradients of one sample, each time its backward ran.
std::vector<std::vector<double>> gradients(Recipe recipe, const std::vector<double>& quanta, int backwards) {
    const isobatch::Setup setup = make_setup(small_trial({4, 1, 1}, recipe));
    std::vector<Replica> replicas;
    replicas.push_back(make_replica(*setup.subject, setup.trial, 0, 1));
    const auto kept = std::make_shared<std::vector<double>>();
    round_to(replicas, kept);
    *kept = quanta;  // also what is set later counts
    for (int i = 0; i < backwards; ++i) forward(setup, replicas[0], std::vector<std::int64_t>{3}).backward();
    std::vector<std::vector<double>> all;
    for (const at::Tensor& parameter : replicas[0].parameters)
        all.push_back(as_doubles(snapshot(gradient_of(parameter)), "gradient"));
    return all;
}

}  // namespace

TEST(RoundTo, LeavesTheNearestMultipleOfWhatABackwardAdds) {
    for (const Recipe recipe : known_recipes) {
        const auto plain = gradients(recipe, {}, 1);
        std::vector<double> quanta;
        for (const std::vector<double>& gradient : plain) {
            double peak = 0;
            for (const double value : gradient) peak = std::max(peak, std::abs(value));
            quanta.push_back(lattice_quantum(peak, 12));  // of few bits, so that something is rounded
        }
        quanta[1] = 0;
        const auto once = gradients(recipe, quanta, 1), thrice = gradients(recipe, quanta, 3);
        ASSERT_EQ(once.size(), plain.size());
        int changed = 0;
        for (std::size_t p = 0; p < plain.size(); ++p)
            for (std::size_t j = 0; j < plain[p].size(); ++j) {
                EXPECT_EQ(once[p][j], on_lattice(plain[p][j], quanta[p])) << to_string(recipe) << " " << p;
                if (p != 1) {  // rounded before it was added: two or three such numbers need no more bits
                    EXPECT_EQ(thrice[p][j], 3 * once[p][j]);
                }
                changed += once[p][j] != plain[p][j];
            }
        EXPECT_GT(changed, 0);
        EXPECT_EQ(once[1], plain[1]);
    }
}

}  // namespace isobatch
