#include "model/host/layout_overlap.h"

#include "gtest/gtest.h"
#include "sim/random.h"

namespace iovalab {
namespace {

LayoutRun Chunks(uint64_t hpa, uint64_t chunk, uint64_t count,
                 uint64_t stride) {
  return {0, chunk * count - 1, chunk, Hpa(hpa), stride};
}

uint64_t ChunkCount(const LayoutRun& run) {
  return (run.last_offset - run.first_offset) / run.chunk_size + 1;
}

// Chunk by chunk.
bool SlowOverlap(const LayoutRun& a, const LayoutRun& b) {
  for (uint64_t i = 0; i < ChunkCount(a); ++i) {
    for (uint64_t j = 0; j < ChunkCount(b); ++j) {
      const uint64_t x = a.hpa.value + i * a.stride;
      const uint64_t y = b.hpa.value + j * b.stride;
      if (x <= y + (b.chunk_size - 1) && y <= x + (a.chunk_size - 1))
        return true;
    }
  }
  return false;
}

TEST(LayoutOverlap, AgreesWithLookingAtEveryChunk) {
  sim::Random random(1, 0);
  const auto draw = [&] {
    const uint64_t chunk = random.InRange(1, 4);
    return Chunks(random.Below(60), chunk, random.InRange(1, 9),
                  chunk + random.Below(14));
  };
  int overlaps = 0;
  for (int i = 0; i < 200'000; ++i) {
    const LayoutRun a = draw();
    const LayoutRun b = draw();
    const bool slow = SlowOverlap(a, b);
    overlaps += slow;
    ASSERT_EQ(ChunksOverlap(a, b), slow)
        << a.hpa.value << " " << a.chunk_size << " " << ChunkCount(a) << " "
        << a.stride << " / " << b.hpa.value << " " << b.chunk_size << " "
        << ChunkCount(b) << " " << b.stride;
  }
  EXPECT_GT(overlaps, 20'000);
  EXPECT_LT(overlaps, 180'000);
}

// 2^52 pages and the top of the space: no chunk is counted, nothing wraps.
TEST(LayoutOverlap, TakesTheLargestRuns) {
  const uint64_t half = uint64_t{1} << 51;
  const LayoutRun even = Chunks(0, 0x1000, half, 0x2000);
  LayoutRun odd = Chunks(0x1000, 0x1000, half, 0x2000);
  EXPECT_EQ(odd.hull_last(), Hpa(UINT64_MAX));
  EXPECT_FALSE(ChunksOverlap(even, odd));
  EXPECT_FALSE(ChunksOverlap(odd, even));
  EXPECT_TRUE(ChunksOverlap(odd, odd));
  // Strides without a common divisor but the page meet somewhere.
  const LayoutRun other = Chunks(0x1000, 0x1000, uint64_t{1} << 50, 0x3000);
  EXPECT_TRUE(ChunksOverlap(even, other));
  EXPECT_TRUE(ChunksOverlap(other, even));
  EXPECT_TRUE(
      ChunksOverlap(Chunks(UINT64_MAX - 0xfff, 0x1000, 1, 0x1000), odd));
  EXPECT_FALSE(
      ChunksOverlap(Chunks(UINT64_MAX - 0xfff, 0x1000, 1, 0x1000), even));
}

}  // namespace
}  // namespace iovalab
