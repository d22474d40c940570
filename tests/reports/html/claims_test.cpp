#include "reports/html/claims.h"

#include "tests/base/expect.h"
#include "tests/reports/html/read.h"
#include "tests/reports/small_result.h"

namespace isobatch {
namespace {

TEST(ClaimsPart, SaysOfEveryClaimWhetherItCouldHaveFailed) {
    const Markup page = read_part(claims_part(small_result()));
    using Cells = std::vector<std::string>;
    EXPECT_EQ(cells_of(page, "gpt weighting"),
              (Cells{meaning(Claim::weighting), "4 trials could have shown a breach"}));
    EXPECT_TRUE(says(page.text, "untested: " + how_to_test(Claim::tail)));
    EXPECT_TRUE(says(page.text, "untested (allowed): " + how_to_test(Claim::schedule)));
    EXPECT_TRUE(cells_of(page, "mlp weighting").empty());  // its contract does not claim it
    EXPECT_EQ(claims_part(assemble("", {}, {}, {})), "");
}

TEST(IdentitiesPart, SaysWhoHeldWhatAndWhoBrokeIt) {
    Result result = small_result();
    EXPECT_EQ(identities_part(result), "");
    for (Record& record : result.records)
        record.verdict.identities = {{Identity::scale, 2, 0, ""}, {Identity::swap_micros, 0, 0, "one micro <only>"}};
    result.records[1].verdict.identities[0].broken = 1;
    const Markup page = read_part(identities_part(result));
    using Cells = std::vector<std::string>;
    EXPECT_EQ(cells_of(page, "scale"), (Cells{meaning(Identity::scale), "5", "gpt 2x2x1", ""}));
    EXPECT_EQ(cells_of(page, "swap-micros"), (Cells{meaning(Identity::swap_micros), "0", "", "6: one micro <only>"}));
}

}  // namespace
}  // namespace isobatch
