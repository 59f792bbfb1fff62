#include "model/event/chunked.h"

#include <gtest/gtest.h>

#include <vector>

namespace iovalab {
namespace {

// Runs of lengths without a pattern, over several chunks, beside a plain list
// of runs.
TEST(Chunked, EveryRunStaysWhereItsNumberSays) {
  Chunked<uint64_t> chunked;
  std::vector<size_t> firsts;
  std::vector<std::vector<uint64_t>> runs;
  size_t items = 0;
  for (uint64_t i = 0; i < 100'000; ++i) {
    std::vector<uint64_t> run(i * 7919 % 18);
    for (size_t j = 0; j < run.size(); ++j) run[j] = i * 100 + j;
    firsts.push_back(chunked.Append(run.data(), run.size()));
    items += run.size();
    runs.push_back(run);
  }
  ASSERT_GT(items, size_t{3} << 18);  // more than three chunks
  EXPECT_EQ(chunked.size(), items);
  Chunked<uint64_t> copy = chunked;
  // Past the end of what was copied; the original does not see it.
  const uint64_t more = 1;
  copy.Append(&more, 1);
  EXPECT_EQ(chunked.size() + 1, copy.size());
  for (size_t i = 0; i < runs.size(); ++i) {
    EXPECT_EQ(copy.Run(firsts[i], runs[i].size()), runs[i]);
    if (!runs[i].empty()) {
      EXPECT_EQ(chunked[firsts[i]], runs[i][0]);
    }
  }
}

TEST(Chunked, SingleItemsAreNumberedInARow) {
  Chunked<int> chunked;
  for (int i = 0; i < 600'000; ++i) {
    ASSERT_EQ(chunked.Append(&i, 1), static_cast<size_t>(i));
  }
  chunked[300'000] = -1;
  EXPECT_EQ(chunked[299'999], 299'999);
  EXPECT_EQ(chunked[300'000], -1);
  EXPECT_EQ(chunked.size(), 600'000u);
}

TEST(Chunked, TheLongestRunFits) {
  Chunked<int> chunked;
  const std::vector<int> run(Chunked<int>::kMaxRun, 5);
  for (int i = 0; i < 20; ++i) {
    const size_t first = chunked.Append(run.data(), run.size());
    EXPECT_EQ(chunked.Run(first, run.size()), run);
    chunked.Append(run.data(), 1);
  }
}

}  // namespace
}  // namespace iovalab
