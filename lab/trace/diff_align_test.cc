#include "lab/trace/diff_align.h"

#include <algorithm>

#include "gtest/gtest.h"
#include "lab/trace/trace_testing.h"

namespace iovalab {
namespace {

using Keys = std::vector<uint64_t>;

// Quadratic and plain.
size_t SlowCommonLength(const Keys& a, const Keys& b) {
  std::vector<std::vector<size_t>> best(a.size() + 1,
                                        std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < b.size(); ++j) {
      best[i + 1][j + 1] = a[i] == b[j]
                               ? best[i][j] + 1
                               : std::max(best[i][j + 1], best[i + 1][j]);
    }
  }
  return best[a.size()][b.size()];
}

void ExpectSound(const Keys& a, const Keys& b, const Alignment& pairs) {
  for (size_t n = 0; n < pairs.size(); ++n) {
    ASSERT_LT(pairs[n].first, a.size());
    ASSERT_LT(pairs[n].second, b.size());
    EXPECT_EQ(a[pairs[n].first], b[pairs[n].second]);
    if (n == 0) continue;
    EXPECT_LT(pairs[n - 1].first, pairs[n].first);
    EXPECT_LT(pairs[n - 1].second, pairs[n].second);
  }
}

Keys RandomKeys(TestRandom& random, uint64_t most, uint64_t letters) {
  Keys keys(random.Below(most + 1));
  for (uint64_t& key : keys) key = random.Below(letters);
  return keys;
}

TEST(DiffAlignTest, AsLongAsTheSlowOne) {
  TestRandom random(1);
  for (int round = 0; round < 3000; ++round) {
    const Keys a = RandomKeys(random, 20, 1 + round % 9);
    const Keys b = RandomKeys(random, 20, 1 + round % 9);
    const Alignment pairs = AlignKeys(a, b);
    ExpectSound(a, b, pairs);
    EXPECT_EQ(pairs.size(), SlowCommonLength(a, b));
  }
}

TEST(DiffAlignTest, PastTheBoundStillSound) {
  TestRandom random(2);
  for (int round = 0; round < 3000; ++round) {
    const Keys a = RandomKeys(random, 30, 1 + round % 20);
    const Keys b = RandomKeys(random, 30, 1 + round % 20);
    const Alignment pairs = AlignKeys(a, b, 2);
    ExpectSound(a, b, pairs);
    // Any element that both have is worth a pair.
    EXPECT_EQ(pairs.empty(), SlowCommonLength(a, b) == 0);
  }
}

TEST(DiffAlignTest, LargeAndUnlikeIsNotQuadratic) {
  TestRandom random(3);
  Keys a(300000), b(300000);
  for (uint64_t& key : a) key = random.Below(1000);
  for (uint64_t& key : b) key = random.Below(1000);
  ExpectSound(a, b, AlignKeys(a, b, 100));
}

TEST(DiffAlignTest, LongestIncreasingAgainstTheSlowOne) {
  TestRandom random(4);
  for (int round = 0; round < 2000; ++round) {
    std::vector<uint32_t> values(random.Below(15));
    for (uint32_t& v : values) v = static_cast<uint32_t>(random.Below(10));
    std::vector<size_t> best(values.size(), 1);
    size_t longest = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        if (values[j] < values[i]) best[i] = std::max(best[i], best[j] + 1);
      }
      longest = std::max(longest, best[i]);
    }
    const std::vector<uint32_t> chosen = LongestIncreasing(values);
    EXPECT_EQ(chosen.size(), longest);
    for (size_t n = 1; n < chosen.size(); ++n) {
      EXPECT_LT(chosen[n - 1], chosen[n]);
      EXPECT_LT(values[chosen[n - 1]], values[chosen[n]]);
    }
  }
}

}  // namespace
}  // namespace iovalab
