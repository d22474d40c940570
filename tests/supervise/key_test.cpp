#include "supervise/key.h"

#include <fstream>

#include "tests/base/expect.h"
#include "tests/base/temporary_directory.h"

namespace isobatch {
namespace {

TEST(Key, IsReadAsItWasMade) {
    const TemporaryDirectory directory;
    const Key key = make_key(directory / "key");
    EXPECT_EQ(read_key(directory / "key"), key);
    EXPECT_NE(key.of_ranks, key.of_leader);
    const Key next = make_key(directory / "key");
    EXPECT_NE(next, key);
    EXPECT_EQ(read_key(directory / "key"), next);
}

TEST(Key, IsForItsUserAlone) {
    const TemporaryDirectory directory;
    make_key(directory / "key");
    EXPECT_EQ(std::filesystem::status(directory / "key").permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    EXPECT_FALSE(std::filesystem::exists(directory / "key.part"));
}

TEST(Key, WhatIsNoneIsNotRead) {
    const TemporaryDirectory directory;
    EXPECT_FALSE(read_key(directory / "missing"));
    EXPECT_FALSE(read_key(std::filesystem::path(directory / "").parent_path()));
    const std::string word(32, 'a');
    for (const std::string& text : {std::string(), word, word + "\n", word + "\n" + word.substr(1) + "\n",
                                    word + "\n" + std::string(32, 'g') + "\n", std::string(1 << 20, 'a')}) {
        std::ofstream(directory / "other") << text;
        EXPECT_FALSE(read_key(directory / "other")) << text.substr(0, 80);
    }
}

TEST(Key, WhereItCannotBeWrittenTheDirectoryIsNamed) {
    EXPECT_TRUE(says(error_of([] { make_key("/proc/isobatch/key"); }).next(), "--out"));
}

}  // namespace
}  // namespace isobatch
