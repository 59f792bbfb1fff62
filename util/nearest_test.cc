#include "util/nearest.h"

#include "gtest/gtest.h"

namespace iovalab {
namespace {

// The definition, written out: slow and obvious.
size_t SlowDistance(absl::string_view a, absl::string_view b) {
  if (a.empty()) return b.size();
  if (b.empty()) return a.size();
  size_t best = std::min(
      {SlowDistance(a.substr(1), b) + 1, SlowDistance(a, b.substr(1)) + 1,
       SlowDistance(a.substr(1), b.substr(1)) + (a[0] == b[0] ? 0 : 1)});
  if (a.size() > 1 && b.size() > 1 && a[0] == b[1] && a[1] == b[0]) {
    best = std::min(best, SlowDistance(a.substr(2), b.substr(2)) + 1);
  }
  return best;
}

TEST(EditDistance, AgreesWithItsDefinition) {
  uint32_t random = 1;
  auto word = [&random] {
    std::string s;
    random = random * 1664525 + 1013904223;
    for (uint32_t n = (random >> 24) % 6; n > 0; --n) {
      random = random * 1664525 + 1013904223;
      s += static_cast<char>('a' + (random >> 24) % 3);
    }
    return s;
  };
  for (int i = 0; i < 2000; ++i) {
    const std::string a = word(), b = word();
    EXPECT_EQ(EditDistance(a, b, 99), SlowDistance(a, b)) << a << " " << b;
  }
}

TEST(EditDistance, StopsAtItsLimit) {
  EXPECT_EQ(EditDistance("abcdef", "uvwxyz", 2), 3u);
  EXPECT_EQ(EditDistance(std::string(1000, 'a'), std::string(1000, 'a'), 5),
            6u);
}

TEST(Nearest, Table) {
  constexpr absl::string_view kNames[] = {"run",     "compare", "convert",
                                          "conform", "import",  "list"};
  const struct {
    absl::string_view typed;
    absl::string_view meant;
  } kCases[] = {
      {"comapre", "compare"},
      {"compare", "compare"},
      {"conv", "convert"},
      {"rnu", "run"},
      {"lst", "list"},
      {"lists", "list"},
      {"zebra", ""},
      {"x", ""},
      {"", ""},
      {"confrom", "conform"},
      {"ipmrot", "import"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Nearest(c.typed, kNames), c.meant) << c.typed;
  }
}

TEST(DidYouMean, SaysNothingWhenNothingIsNear) {
  constexpr absl::string_view kNames[] = {"hva", "gpa"};
  EXPECT_EQ(DidYouMean("hav", kNames), "; did you mean hva?");
  EXPECT_EQ(DidYouMean("strategy", kNames), "");
}

}  // namespace
}  // namespace iovalab
