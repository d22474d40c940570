#include "base/sha256.h"

#include <string>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(Sha256, IsWhatEveryoneElseComputes) {
    EXPECT_EQ(sha256_base64(""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    EXPECT_EQ(sha256_base64("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    EXPECT_EQ(sha256_base64(std::string(1000000, 'a')), "zcduXJkU+5KBocfihNc+Z/GAmkiklyAOBG05zMcRLNA=");
}

TEST(Sha256, PadsAtEveryLength) {
    // Where the length does not fit the last block any more, one more is needed.
    EXPECT_EQ(sha256_base64(std::string(54, 'x')), "RfMW4QssmavzdLIr2ok88zANdyY/HicjSe1BRoBSKVI=");
    EXPECT_EQ(sha256_base64(std::string(55, 'x')), "1eKFaDzU78AtAhpcYgFGlJWJAQBdb3HongmJ+sd+QHI=");
    EXPECT_EQ(sha256_base64(std::string(56, 'x')), "BMJiYTcO51QVSdFt7jIMcj4/0UZx5moJmv4KN3wWiI4=");
    EXPECT_EQ(sha256_base64(std::string(57, 'x')), "rhSiVjzPlp2ZrKac5rt0mB9zS7+fZV9zuPBttoyrUhc=");
    EXPECT_EQ(sha256_base64(std::string(63, 'x')), "dSILRyGCeOZW8gE7uPDEVaJerwHobGSSTp1I2Jd21vI=");
    EXPECT_EQ(sha256_base64(std::string(64, 'x')), "fOEAlx9k5wAej+WlGXPs3+HO1Cvv5+6NX9YhlQa1OTw=");
    EXPECT_EQ(sha256_base64(std::string(65, 'x')), "lTfF/fEgSC99WNJentWD9SwCtOME6oFNsWM61WWu1+k=");
    EXPECT_EQ(sha256_base64(std::string(119, 'x')), "AAtI1O3w+nvuPGI27NJ4W6pdtO64u1Q0GwKeDZ+l+ww=");
    EXPECT_EQ(sha256_base64(std::string(120, 'x')), "E/BaC1lHh/Xs0xXtyWFBvTJDID0bfU8INvNzCLJ2upg=");
}

}  // namespace
}  // namespace isobatch
