#include "base/placeholders.h"

#include "tests/base/expect.h"

namespace isobatch {
namespace {

const Placeholders values{{"per_device", "4"}, {"out", "a/{accum}"}};

std::string of(std::string_view text) {
    return filled(text, values, "config.yaml");
}

TEST(Placeholders, AreReplacedWhereverTheyStand) {
    EXPECT_EQ(of("{per_device}"), "4");
    EXPECT_EQ(of("--bs={per_device}x{per_device}."), "--bs=4x4.");
    EXPECT_EQ(of(""), "");
    EXPECT_EQ(of("{out}"), "a/{accum}");  // what was put in is not read again
    EXPECT_EQ(of(R"({"train": {"bs": {per_device}, "dir": "{out}"}})"), R"({"train": {"bs": 4, "dir": "a/{accum}"}})");
}

TEST(Placeholders, OtherBracesStay) {
    for (const char* text :
         {"{}", "{ per_device }", "{\"a\": {\"b\": {}}}", "{a: 1}", "{1}", "{Bs}", "${per_device}", "{{per_device}}",
          "{{ x }}", "{epoch:02d}", "{", "}", "{per_device", "x = { a = 1 }", "{{per_device}"})
        EXPECT_EQ(of(text), text);
    EXPECT_EQ(of("\\{epoch}-\\{per_device}-{per_device}"), "{epoch}-{per_device}-4");
}

TEST(Placeholders, AnUnknownOneSaysWhereAndWhatToDo) {
    const Error error = error_of([] { of("a\nbs: {bs}\n"); });
    EXPECT_EQ(error.problem(), "unknown placeholder {bs}");
    EXPECT_EQ(error.where(), "config.yaml, line 2");
    EXPECT_EQ(error.next(), "write one of {per_device} {out}, or \\{bs} where the braces are meant");
}

TEST(Placeholders, AreFoundAsTheyAreFilled) {
    EXPECT_TRUE(has_placeholder("a {accum}", "accum"));
    for (const char* text : {"accum", "{accum", "${accum}", "\\{accum}", "{{accum}}", "{ accum }"})
        EXPECT_FALSE(has_placeholder(text, "accum")) << text;
}

}  // namespace
}  // namespace isobatch
