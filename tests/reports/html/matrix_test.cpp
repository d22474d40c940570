#include "reports/html/matrix.h"

#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(MatrixName, TellsMatricesApart) {
    Trial trial{.subject = "gpt", .split = {4, 2, 2}};
    EXPECT_EQ(matrix_name(trial), "gpt, effective batch 16 (fp64, serial, seed 1)");
    trial.fault = "n-minus-one";
    EXPECT_EQ(matrix_name(trial), "gpt, effective batch 16 (fp64, serial, seed 1, planted n-minus-one)");
    trial.subject = std::string(1 << 20, 'x');
    EXPECT_LT(matrix_name(trial).size(), 200u);
}

}  // namespace
}  // namespace isobatch
