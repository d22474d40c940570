#include "reports/html/run.h"

#include "tests/base/expect.h"
#include "tests/reports/html/read.h"
#include "tests/reports/small_result.h"

namespace isobatch {
namespace {

TEST(RunPart, SaysTheCommandTheNotesAndWhatEachMatrixIs) {
    const Result result = small_result();
    const Markup page = read_part(run_part(result));
    EXPECT_TRUE(says(page.text, result.command));
    EXPECT_TRUE(says(page.text, "data: 11 samples, 2 epochs\nreference: 4x1x1"));
    EXPECT_EQ(cells_of(page, "mlp"),
              (std::vector<std::string>{"1", "serial", "cpu", "fp64", "1", "11", "2", "none",
                                        "sample-mean, trains on an epoch's tail, schedule counts optimizer steps"}));
    EXPECT_EQ(cells_of(page, "gpt").at(7), "token-mean-of-means");
}

}  // namespace
}  // namespace isobatch
