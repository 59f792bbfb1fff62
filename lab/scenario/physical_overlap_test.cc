#include "lab/scenario/physical_overlap.h"

#include "gtest/gtest.h"
#include "sim/random.h"

namespace iovalab {
namespace {

PhysicalRunSpec Chunks(uint64_t hpa, uint64_t chunk, uint64_t count,
                       uint64_t stride) {
  return {0, chunk * count - 1, chunk, Hpa(hpa), stride};
}

// Chunk by chunk.
bool SlowOverlap(const PhysicalRunSpec& a, const PhysicalRunSpec& b) {
  for (uint64_t i = 0; i < ChunkCount(a); ++i) {
    for (uint64_t j = 0; j < ChunkCount(b); ++j) {
      const uint64_t x = a.hpa.value + i * a.stride;
      const uint64_t y = b.hpa.value + j * b.stride;
      if (x <= y + (b.chunk - 1) && y <= x + (a.chunk - 1)) return true;
    }
  }
  return false;
}

TEST(PhysicalOverlap, AgreesWithLookingAtEveryChunk) {
  sim::Random random(1, 0);
  const auto draw = [&] {
    const uint64_t chunk = random.InRange(1, 4);
    return Chunks(random.Below(60), chunk, random.InRange(1, 9),
                  chunk + random.Below(14));
  };
  int overlaps = 0;
  for (int i = 0; i < 200'000; ++i) {
    const PhysicalRunSpec a = draw();
    const PhysicalRunSpec b = draw();
    const bool slow = SlowOverlap(a, b);
    overlaps += slow;
    ASSERT_EQ(ChunksOverlap(a, b), slow)
        << a.hpa.value << " " << a.chunk << " " << ChunkCount(a) << " "
        << a.stride << " / " << b.hpa.value << " " << b.chunk << " "
        << ChunkCount(b) << " " << b.stride;
  }
  EXPECT_GT(overlaps, 20'000);
  EXPECT_LT(overlaps, 180'000);
}

// 2^52 pages and the top of the space: no chunk is counted, nothing wraps.
TEST(PhysicalOverlap, TakesTheLargestRuns) {
  const uint64_t half = uint64_t{1} << 51;
  const PhysicalRunSpec even = Chunks(0, 0x1000, half, 0x2000);
  PhysicalRunSpec odd = Chunks(0x1000, 0x1000, half, 0x2000);
  EXPECT_EQ(LastByte(odd), Hpa(UINT64_MAX));
  EXPECT_FALSE(ChunksOverlap(even, odd));
  EXPECT_FALSE(ChunksOverlap(odd, even));
  EXPECT_TRUE(ChunksOverlap(odd, odd));
  // Strides without a common divisor but the page meet somewhere.
  const PhysicalRunSpec other =
      Chunks(0x1000, 0x1000, uint64_t{1} << 50, 0x3000);
  EXPECT_TRUE(ChunksOverlap(even, other));
  EXPECT_TRUE(ChunksOverlap(other, even));
  EXPECT_TRUE(
      ChunksOverlap(Chunks(UINT64_MAX - 0xfff, 0x1000, 1, 0x1000), odd));
  EXPECT_FALSE(
      ChunksOverlap(Chunks(UINT64_MAX - 0xfff, 0x1000, 1, 0x1000), even));
}

}  // namespace
}  // namespace iovalab
