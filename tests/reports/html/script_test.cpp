#include "reports/html/script.h"

#include "tests/base/expect.h"
#include "tests/reports/html/read.h"
#include "tests/reports/small_result.h"

namespace isobatch {
namespace {

TEST(PageScript, CannotEndItsElementAndLoadsNothing) {
    for (const char* word : {"</script", "<!--", "eval(", "innerHTML", "fetch(", "import(", "http"})
        EXPECT_EQ(page_script.find(word), std::string_view::npos) << word;
}

}  // namespace
}  // namespace isobatch
