#include "reports/escaped.h"

#include "tests/base/expect.h"
#include "tests/reports/markup.h"

namespace isobatch {
namespace {

TEST(Escaped, ReplacesWhatHasAMeaningInMarkup) {
    EXPECT_EQ(escaped("<a href=\"x\">'&amp;'</a>"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;amp;&#39;&lt;/a&gt;");
    EXPECT_EQ(escaped(""), "");
    EXPECT_EQ(escaped("plain text, 日本語 \xf0\x9f\x98\x80\n\tend"), "plain text, 日本語 \xf0\x9f\x98\x80\n\tend");
}

TEST(Escaped, ReplacesWhatNoDocumentMayHold) {
    const std::string mark = "\xef\xbf\xbd";
    EXPECT_EQ(escaped(std::string_view("a\0b", 3)), "a" + mark + "b");
    EXPECT_EQ(escaped("\x1b[31m\r\x7f"), mark + "[31m" + mark + mark);
    EXPECT_EQ(escaped("\xc2\x9b"), mark);
    EXPECT_EQ(escaped("\xe2\x80\xae"), mark);  // turns the reading direction
    EXPECT_EQ(escaped("\xef\xbf\xbe\xef\xbf\xbf"), mark + mark);
    EXPECT_EQ(escaped("\xff<"), mark + "&lt;");  // bytes that are no UTF-8 take nothing with them
    EXPECT_EQ(escaped("\xe2\x80\"x"), mark + mark + "&quot;x");
    EXPECT_EQ(escaped("\xc0\x80"), mark + mark);
    EXPECT_EQ(escaped("\xed\xa0\x80"), mark + mark + mark);
    EXPECT_EQ(escaped("\xc2"), mark);
}

TEST(Escaped, IsSafeForAnyBytes) {
    expect_law(2000, [] {
        const auto byte = rc::gen::oneOf(rc::gen::arbitrary<char>(),
                                         rc::gen::element('\xe2', '\xc2', '\x80', '\xf0', '<', '&', '"', '\x1b'));
        const auto text = *rc::gen::container<std::string>(byte);
        const Markup read = MarkupReader("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<x y=\"" + escaped(text) + "\">" +
                                         escaped(text) + "</x>")
                                .xml();
        RC_ASSERT(read.elements.size() == 1u);
        RC_ASSERT(read.elements[0].attributes.at("y") == read.text);
    });
}

TEST(FirstCharacters, CountsCharactersAndNotBytes) {
    EXPECT_EQ(first_characters("abc", 2), "ab");
    EXPECT_EQ(first_characters("abc", 3), "abc");
    EXPECT_EQ(first_characters("abc", 9), "abc");
    EXPECT_EQ(first_characters("", 9), "");
    EXPECT_EQ(first_characters("abc", 0), "");
    EXPECT_EQ(first_characters("ä日\xf0\x9f\x98\x80x", 3), "ä日\xf0\x9f\x98\x80");
    EXPECT_EQ(first_characters("\xff\xe2\x80", 2), "\xff\xe2");  // bytes that are no UTF-8 count one by one
}

TEST(Shortened, SaysHowMuchIsLeftOut) {
    EXPECT_EQ(shortened("a<b", 3), "a&lt;b");
    EXPECT_EQ(shortened("a<bc", 3), "a&lt;b… (1 more bytes)");
    EXPECT_EQ(shortened("a€b", 2), "a€… (1 more bytes)");  // no character is cut
    EXPECT_EQ(shortened("", 0), "");
}

}  // namespace
}  // namespace isobatch
