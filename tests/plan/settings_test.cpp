#include "plan/settings.h"

#include "tests/base/expect.h"

namespace isobatch {
namespace {

using Settings = std::vector<Setting>;

TEST(SettingsOfText, JsonNamesAreJoinedByPoints) {
    EXPECT_EQ(
        settings_of_text(R"( {"a": 4, "b": {"c": {"d": "auto"}, "e": true}, "f": null, "g": [1, {"h": 2}]})", "f.json"),
        (Settings{{"a", "4", "f.json"},
                  {"b.c.d", "auto", "f.json"},
                  {"b.e", "true", "f.json"},
                  {"f", "null", "f.json"},
                  {"g", R"([1,{"h":2}])", "f.json"}}));
    EXPECT_EQ(settings_of_text("{}", "f"), Settings{});
}

TEST(SettingsOfText, LinesHaveSectionsQuotesAndComments) {
    EXPECT_EQ(settings_of_text("# a preset\n\n[training]  # head\r\n local_batch_size = 8 # per device\r\n"
                               "dataset = \"c4 # 1\"\n[ metrics ]\nlog_freq=10\nname='x'  # y\nempty =\n",
                               "t.toml"),
              (Settings{{"training.local_batch_size", "8", "t.toml"},
                        {"training.dataset", "c4 # 1", "t.toml"},
                        {"metrics.log_freq", "10", "t.toml"},
                        {"metrics.name", "x", "t.toml"},
                        {"metrics.empty", "", "t.toml"}}));
    EXPECT_EQ(settings_of_text("", "t"), Settings{});
}

TEST(SettingsOfText, OtherLinesAreRefusedWithTheirPlace) {
    for (const char* bad : {"a = 1\nnum_processes: 2\n", "\n= 2", "a=1\n\x1b[31m"}) {
        const Error error = error_of([&] { settings_of_text(bad, "t.yaml"); });
        EXPECT_TRUE(error.where() == "t.yaml:2" || error.where() == "t.yaml:3") << error.where();
        EXPECT_EQ(error.problem().find('\x1b'), std::string::npos);
    }
    EXPECT_EQ(error_of([] { settings_of_text("{\"a\":", "f.json"); }).exit_code(), 2);
}

TEST(SettingsOfWords, AreTypedOrAsALaunchCommandHasThem) {
    EXPECT_EQ(settings_of_words({"a=4", "b="}),
              (Settings{{"a", "4", "the command line", true}, {"b", "", "the command line", true}}));
    EXPECT_EQ(settings_of_words({"--micro-batch-size", "4", "--bf16", "--lr=0.1", "--last"}),
              (Settings{{"micro-batch-size", "4", "the command line"},
                        {"bf16", "true", "the command line"},
                        {"lr", "0.1", "the command line"},
                        {"last", "true", "the command line"}}));
    EXPECT_EQ(settings_of_words({}), Settings{});
}

TEST(SettingsOfWords, OtherWordsAreRefused) {
    for (const char* bad : {"4x8x2", "", "=4", "--", "--=4"})
        EXPECT_TRUE(says(error_of([&] { settings_of_words({bad}); }).next(), "NAME=VALUE")) << bad;
}

}  // namespace
}  // namespace isobatch
