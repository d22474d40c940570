/// The gradients of single units in a reference.
#include <cmath>

#include "judge/compare.h"
#include "judge/yardstick.h"
#include "tests/base/expect.h"
#include "tests/judge/synthetic.h"
#include "tests/judge/units_of.h"

namespace isobatch {
namespace {

TEST(YardstickUnits, AreThereWhereTheReferenceHasThem) {
    const Trace reference = with_units(Synthetic().reference(), 1);
    const Yardstick yardstick = yardstick_of(reference);
    EXPECT_TRUE(yardstick.windows[0].unit_shares.empty());
    const WindowScale& window = yardstick.windows[1];
    ASSERT_EQ(window.unit_shares.size(), window.samples.size());
    for (std::size_t i = 0; i < window.samples.size(); ++i) {
        ASSERT_EQ(window.unit_shares[i].size(), window.sample_units[i] > 0 ? 3u : 0u);
        if (window.sample_units[i] > 0) {
            EXPECT_TRUE(identical(window.unit_shares[i][1],
                                  reference.ranks[0][1].tensors.at("units/" + std::to_string(i) + "/bias")));
        }
    }
}

TEST(YardstickUnits, ThatAreDamagedAreAnError) {
    const auto problem = [](const std::function<void(Step&)>& damage) {
        Trace reference = with_units(Synthetic().reference(), 1);
        damage(reference.ranks[0][1]);
        const Error error = error_of([&] { yardstick_of(reference); });
        EXPECT_EQ(error.where(), "step 2");
        return error.problem();
    };
    const auto tensor = [](Step& step) -> Tensor& { return step.tensors.at("units/2/bias"); };
    const std::string size = "\"units/2/bias\" is not a gradient for each unit of the sample";
    EXPECT_TRUE(says(problem([](Step& s) { s.tensors.erase("units/2/weight"); }), "no tensor \"units/2/weight\""));
    EXPECT_EQ(problem([&](Step& s) { tensor(s) = s.tensors.at("grad/bias"); }), size);
    EXPECT_EQ(problem([&](Step& s) { tensor(s).shape = {}; }), size);
    EXPECT_EQ(problem([&](Step& s) { tensor(s) = s.tensors.at("units/2/key"); }), size) << "as many units, of another";
    EXPECT_EQ(problem([](Step& s) { edit(s, "units/2/bias", [](std::size_t, double) { return HUGE_VAL; }); }),
              "the reference's \"units/2/bias\" is not finite");
}

}  // namespace
}  // namespace isobatch
