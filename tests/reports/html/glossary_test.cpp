#include "reports/html/glossary.h"

#include "tests/base/expect.h"
#include "tests/reports/html/read.h"
#include "tests/reports/small_result.h"

namespace isobatch {
namespace {

TEST(Glossary, ExplainsEveryWordOnce) {
    const Markup page = read_part(glossary_part());
    std::set<std::string> words;
    for (const Element& word : page.named("dt")) EXPECT_TRUE(words.insert(word.text).second) << word.text;
    EXPECT_EQ(page.named("dd").size(), words.size());
    for (const char* word : {"split", "window", "margin", "allowed", "weight", "divergent", "equivalent"})
        EXPECT_TRUE(words.contains(word)) << word;
}

}  // namespace
}  // namespace isobatch
