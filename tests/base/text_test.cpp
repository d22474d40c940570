#include "base/text.h"

#include <limits>

#include "base/json.h"
#include "tests/base/expect.h"

namespace isobatch {
namespace {

using Texts = std::vector<std::string>;

TEST(Pieces, KeepsEmptyPieces) {
    EXPECT_EQ(pieces("8x4x2", 'x'), (Texts{"8", "4", "2"}));
    EXPECT_EQ(pieces("", 'x'), Texts{""});
    EXPECT_EQ(pieces("x", 'x'), (Texts{"", ""}));
    EXPECT_EQ(pieces("a,,b,", ','), (Texts{"a", "", "b", ""}));
}

RC_GTEST_PROP(Pieces, JoinedIsTheInverse, (const std::vector<bool>& shape)) {
    std::string text;
    for (const bool separator : shape) text += separator ? ',' : 'a';
    RC_ASSERT(joined(pieces(text, ','), ",") == text);
}

TEST(Joined, PutsTheSeparatorBetween) {
    EXPECT_EQ(joined({}, ", "), "");
    EXPECT_EQ(joined({"a"}, ", "), "a");
    EXPECT_EQ(joined({"a", "b", ""}, ", "), "a, b, ");
}

TEST(WholeNumber, FillsTheWholeText) {
    EXPECT_EQ(whole_number("0"), 0);
    EXPECT_EQ(whole_number("-5"), -5);
    EXPECT_EQ(whole_number("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(whole_number("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
    for (const char* bad : {"", "+5", " 5", "5 ", "5\n", "1e3", "0x10", "1.0", "--5", "-", "9223372036854775808",
                            "99999999999999999999", "1,000"})
        EXPECT_EQ(whole_number(bad), std::nullopt) << bad;
}

TEST(Nearest, CountsInsertedRemovedAndReplacedLetters) {
    const Texts known{"token-mean-of-means", "zero-grad-in-window", "epoch-tail-dropped"};
    EXPECT_EQ(nearest("token-mean-of-mean", known), "token-mean-of-means");
    EXPECT_EQ(nearest("xzero-grad-in-window", known), "zero-grad-in-window");
    EXPECT_EQ(nearest("epoch-tail-drop", known), "epoch-tail-dropped");
    EXPECT_EQ(nearest("ab", {"abcdef", "xb"}), "xb");    // one replaced beats four inserted
    EXPECT_EQ(nearest("abcd", {"zzzz", "bcd"}), "bcd");  // one removed beats four replaced
    EXPECT_EQ(nearest("ab", {"xy", "abc"}), "abc");      // one inserted beats two replaced
    EXPECT_EQ(nearest("ab", {"xy", "a"}), "a");          // one removed beats two replaced
    EXPECT_EQ(nearest("kitten", {"sitting", "mitten"}), "mitten");
    EXPECT_EQ(nearest("ba", {"ab", "bxxx"}), "ab");  // no transposition: two replacements
    EXPECT_EQ(nearest("a", {"b", "c"}), "b");        // the first of equals
    EXPECT_EQ(nearest("", {"abc", "d"}), "d");
    EXPECT_EQ(nearest("a", {}), "");
}

TEST(FirstCodePoint, DecodesEveryLengthOfUtf8) {
    const auto is = [](const char* text, char32_t value, std::size_t bytes) {
        const CodePoint first = first_code_point(text);
        EXPECT_EQ(first.value, value) << text;
        EXPECT_EQ(first.bytes, bytes) << text;
    };
    is("ab", 'a', 1);
    is("\xc3\xa9x", 0xe9, 2);
    is("\xe6\x97\xa5", 0x65e5, 3);
    is("\xf0\x9f\x98\x80", 0x1f600, 4);
    is("\xf4\x8f\xbf\xbf", 0x10ffff, 4);
    is("\x80", 0, 0);
    is("\xe6\x97", 0, 0);
}

TEST(Printable, LeavesPrintableTextAlone) {
    for (const char* text : {"", "plain ASCII ~!\\\"", "Größe · × ≤", "日本語", "\xf0\x9f\x98\x80", "\xc2\xa0",
                             "\xe2\x80\xa6", "\xef\xbf\xbd"})
        EXPECT_EQ(printable(text), text);
}

TEST(Printable, EscapesWhatActsOnATerminal) {
    EXPECT_EQ(printable("a\nb"), "a\\nb");
    EXPECT_EQ(printable("\x1b[31mred\x1b[0m"), "\\x1b[31mred\\x1b[0m");
    EXPECT_EQ(printable("\r\t\b\x7f"), "\\x0d\\x09\\x08\\x7f");
    EXPECT_EQ(printable(std::string_view("\0x", 2)), "\\x00x");
    EXPECT_EQ(printable("\xc2\x9b"
                        "31m"),
              "\\x9b31m");  // CSI as one C1 control
    EXPECT_EQ(printable("\xc2\x80\xc2\x9f"), "\\x80\\x9f");
}

TEST(Printable, EscapesEveryChangeOfTheReadingDirection) {
    EXPECT_EQ(printable("\xd8\x9c"), "\\u{061c}");
    EXPECT_EQ(printable("\xe2\x80\x8e\xe2\x80\x8f"), "\\u{200e}\\u{200f}");
    EXPECT_EQ(printable("\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad\xe2\x80\xae"),
              "\\u{202a}\\u{202b}\\u{202c}\\u{202d}\\u{202e}");
    EXPECT_EQ(printable("\xe2\x81\xa6\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9"), "\\u{2066}\\u{2067}\\u{2068}\\u{2069}");
    EXPECT_EQ(printable("\xe2\x80\xa8\xe2\x80\xa9"), "\\u{2028}\\u{2029}");  // line and paragraph separators
    for (const char* neighbour : {"\xe2\x80\x8d", "\xe2\x80\x90", "\xe2\x80\xa7", "\xe2\x80\xaf", "\xe2\x81\xa5",
                                  "\xe2\x81\xaa", "\xd8\x9b", "\xd8\x9d"})
        EXPECT_EQ(printable(neighbour), neighbour);
}

TEST(Printable, EscapesBytesThatAreNoUtf8) {
    EXPECT_EQ(printable("\x9b"
                        "31m"),
              "\\x9b31m");  // a control of an 8-bit terminal
    EXPECT_EQ(printable("\xc2"
                        "A"),
              "\\xc2A");  // cut short: the letter stays a letter
    EXPECT_EQ(printable("\xc2"), "\\xc2");
    EXPECT_EQ(printable("\xe2\x80"), "\\xe2\\x80");
    EXPECT_EQ(printable("\xc0\x9b"), "\\xc0\\x9b");  // overlong forms of a control
    EXPECT_EQ(printable("\xe0\x82\x9b"), "\\xe0\\x82\\x9b");
    EXPECT_EQ(printable("\xf0\x80\x82\x9b"), "\\xf0\\x80\\x82\\x9b");
    EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // a surrogate
    EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond U+10FFFF
    EXPECT_EQ(printable("\xff\xfe"), "\\xff\\xfe");
    const std::vector<std::string> largest_overlong{"\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf"};
    for (const std::string& text : largest_overlong) EXPECT_EQ(printable(text).size(), 4 * text.size());
    EXPECT_EQ(printable(std::string_view("\xe2\x80\xa6").substr(0, 2)), "\\xe2\\x80")
        << "what follows the view is not read";
}

TEST(Printable, IsSafeForAnyBytes) {
    expect_law(2000, [] {
        // Bytes that start and continue sequences are frequent, so that long and broken ones arise.
        const auto byte =
            rc::gen::oneOf(rc::gen::arbitrary<char>(),
                           rc::gen::element('\xe2', '\xc2', '\x80', '\x81', '\x9b', '\xf0', '\xd8', '\x1b', 'a'));
        const auto text = *rc::gen::container<std::string>(byte);
        const std::string safe = printable(text);
        for (const char c : safe) RC_ASSERT(static_cast<unsigned char>(c) >= 0x20 && c != '\x7f');
        RC_ASSERT(printable(safe) == safe);
        Json(safe).dump();  // throws for what is no UTF-8
        RC_ASSERT(safe.size() >= text.size());
    });
}

}  // namespace
}  // namespace isobatch
