#include "lab/utf8.h"

#include <string>

#include "gtest/gtest.h"

namespace iovalab {
namespace {

// A code point's encoding by its definition; 1 to 4 bytes as asked.
std::string Encode(uint32_t code, int bytes) {
  std::string out(static_cast<size_t>(bytes), '\0');
  for (int i = bytes - 1; i > 0; --i, code >>= 6) {
    out[static_cast<size_t>(i)] = static_cast<char>(0x80 | (code & 0x3f));
  }
  constexpr uint8_t kLead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  out[0] = static_cast<char>(kLead[bytes] | code);
  return out;
}

TEST(Utf8, TakesEveryCodePointInItsShortestForm) {
  constexpr uint32_t kFirst[] = {0, 0, 0x80, 0x800, 0x10000, 0x110000};
  for (int bytes = 1; bytes <= 4; ++bytes) {
    for (uint32_t code = 1; code < kFirst[bytes + 1]; ++code) {
      const bool surrogate = code >= 0xd800 && code <= 0xdfff;
      const bool good = code >= kFirst[bytes] && !surrogate;
      const std::string text = Encode(code, bytes);
      ASSERT_EQ(FirstNotUtf8(text), good ? text.size() : 0)
          << code << " in " << bytes;
    }
  }
  EXPECT_EQ(FirstNotUtf8(Encode(0x110000, 4)), 0u);
}

TEST(Utf8, FindsTheFirstBadByte) {
  EXPECT_EQ(FirstNotUtf8(""), 0u);
  EXPECT_EQ(FirstNotUtf8(std::string("ab\0c", 4)), 2u);
  EXPECT_EQ(FirstNotUtf8("\xc3\xa9\xc3"), 2u);
  EXPECT_EQ(FirstNotUtf8("a\x80"), 1u);
  EXPECT_EQ(FirstNotUtf8("a\xff"), 1u);
}

TEST(Utf8, DropsOneMarkAtTheStart) {
  EXPECT_EQ(WithoutByteOrderMark("\xef\xbb\xbfname"), "name");
  EXPECT_EQ(WithoutByteOrderMark("\xef\xbb\xbf\xef\xbb\xbf"), "\xef\xbb\xbf");
  EXPECT_EQ(WithoutByteOrderMark("\xef\xbb"), "\xef\xbb");
}

TEST(Utf8, QuotesOnOneLine) {
  EXPECT_EQ(Quote("a b"), "\"a b\"");
  EXPECT_EQ(Quote("a\n\"b\xc3\xa9"), "\"a\\n\\\"b\xc3\xa9\"");
  EXPECT_EQ(Quote(std::string(64, 'x')), "\"" + std::string(64, 'x') + "\"");
  // No half of a character is left.
  EXPECT_EQ(Quote(std::string(63, 'x') + "\xc3\xa9"),
            "\"" + std::string(63, 'x') + "...\"");
}

}  // namespace
}  // namespace iovalab
