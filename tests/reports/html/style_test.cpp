#include "reports/html/style.h"

#include "tests/base/expect.h"
#include "tests/reports/html/read.h"
#include "tests/reports/small_result.h"

namespace isobatch {
namespace {

TEST(PageStyle, CannotEndItsElementAndLoadsNothing) {
    for (const char* word : {"</style", "<!--", "url(", "@import", "http"})
        EXPECT_EQ(page_style.find(word), std::string_view::npos) << word;
}

TEST(PageStyle, KnowsDarkAndPrint) {
    for (const char* word : {"prefers-color-scheme:dark", "@media print", "overflow-x:auto"})
        EXPECT_NE(page_style.find(word), std::string_view::npos) << word;
}

}  // namespace
}  // namespace isobatch
