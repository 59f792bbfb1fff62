#include "cli/terminal/text.h"

#include "gtest/gtest.h"

namespace iovalab {
namespace {

TEST(Columns, CountsCodePoints) {
  EXPECT_EQ(Columns(""), 0u);
  EXPECT_EQ(Columns("V1,V2…"), 6u);
  EXPECT_EQ(Columns("e\u0301"), 1u);  // combining acute accent
  EXPECT_EQ(Columns("\U0001f600"), 1u);
}

TEST(Printable, Table) {
  const struct {
    std::string in;
    std::string out;
  } kCases[] = {
      {"plain → text", "plain → text"},
      {"a\nb\tc", "a\\x0ab\\x09c"},
      {"\x7f", "\\x7f"},
      {"\u0085", "\\xc2\\x85"},             // a C1 control
      {"\xc3", "\\xc3"},                    // cut off
      {"\xc0\xaf", "\\xc0\\xaf"},           // overlong
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},  // a surrogate
      {"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},
      {std::string("\0", 1), "\\x00"},
  };
  for (const auto& c : kCases) EXPECT_EQ(Printable(c.in), c.out);
}

TEST(Wrap, Table) {
  using Lines = std::vector<absl::string_view>;
  EXPECT_EQ(Wrap("", 5), Lines({""}));
  EXPECT_EQ(Wrap("one two three", 7), Lines({"one two", "three"}));
  EXPECT_EQ(Wrap("one two three", 100), Lines({"one two three"}));
  EXPECT_EQ(Wrap("incomprehensible no", 4), Lines({"incomprehensible", "no"}));
  EXPECT_EQ(Wrap("…… ……", 4), Lines({"……", "……"}));
}

// Whatever the text and the width, the words are all there, in order, and a
// line is too long only when it is one word.
TEST(Wrap, LosesNothing) {
  uint32_t random = 7;
  for (int i = 0; i < 500; ++i) {
    std::string text;
    for (int words = 0; words < 12; ++words) {
      random = random * 1664525 + 1013904223;
      text +=
          (words == 0 ? "" : " ") + std::string(1 + (random >> 24) % 9, 'x');
    }
    const size_t width = 1 + (random >> 16) % 30;
    std::string joined;
    for (absl::string_view line : Wrap(text, width)) {
      if (line.find(' ') != absl::string_view::npos) {
        EXPECT_LE(line.size(), width);
      }
      joined += (joined.empty() ? "" : " ") + std::string(line);
    }
    EXPECT_EQ(joined, text);
  }
}

}  // namespace
}  // namespace iovalab
