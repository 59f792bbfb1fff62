#include "sim/random.h"

#include <array>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace iovalab::sim {
namespace {

using Block = std::pair<std::uint64_t, std::uint64_t>;

constexpr std::uint64_t kOnes = ~std::uint64_t{0};

// The authors' known answers for philox2x64-10.
TEST(RandomTest, BlockFunctionMatchesPublishedVectors) {
  EXPECT_EQ(Random::Philox(0, 0, 0),
            Block(0xca00a0459843d731, 0x66c24222c9a845b5));
  EXPECT_EQ(Random::Philox(kOnes, kOnes, kOnes),
            Block(0x65b021d60cd8310f, 0x4d02f3222f86df20));
  EXPECT_EQ(Random::Philox(0x243f6a8885a308d3, 0x13198a2e03707344,
                           0xa4093822299f31d0),
            Block(0x0a5e742c2997341c, 0xb0f883d38000de5d));
}

TEST(RandomTest, ValueDependsOnSeedActorAndIndexOnly) {
  EXPECT_EQ(Random::At(0, 0, 0), 0xca00a0459843d731);
  EXPECT_EQ(Random::At(kOnes, kOnes, kOnes), 0x65b021d60cd8310f);
  Random a(7, 1);
  Random b(7, 2);
  for (std::uint64_t i = 0; i < 100; ++i) {
    // b is drawn thrice as often; a's values do not notice.
    EXPECT_EQ(a.Next64(), Random::At(7, 1, i));
    for (std::uint64_t j = 0; j < 3; ++j) {
      EXPECT_EQ(b.Next64(), Random::At(7, 2, 3 * i + j));
    }
  }
  EXPECT_EQ(a.drawn(), 100u);
}

TEST(RandomTest, CopyDrawsTheSame) {
  Random a(7, 1);
  a.Next64();
  Random b = a;
  EXPECT_EQ(a.Next64(), b.Next64());
}

TEST(RandomTest, NeighbouringStreamsShareNothing) {
  std::set<std::uint64_t> seen;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    for (std::uint64_t actor = 0; actor < 10; ++actor) {
      Random random(seed, actor);
      for (int i = 0; i < 100; ++i) seen.insert(random.Next64());
    }
  }
  EXPECT_EQ(seen.size(), 10'000u);
}

// Bits of neighbouring seeds, actors and indices differ in half the places.
TEST(RandomTest, NeighboursAreUncorrelated) {
  std::int64_t differing = 0;
  constexpr std::int64_t kPairs = 3000;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const std::uint64_t value = Random::At(i, i, i);
    differing += __builtin_popcountll(value ^ Random::At(i ^ 1, i, i));
    differing += __builtin_popcountll(value ^ Random::At(i, i ^ 1, i));
    differing += __builtin_popcountll(value ^ Random::At(i, i, i ^ 1));
  }
  EXPECT_NEAR(differing, 32 * kPairs, 1000);  // Sigma is 219.
}

TEST(RandomTest, BelowIsUniform) {
  for (const std::uint64_t n : {1, 2, 3, 7, 10, 100}) {
    Random random(1, n);
    constexpr std::int64_t kDraws = 100'000;
    std::vector<std::int64_t> count(n, 0);
    for (std::int64_t i = 0; i < kDraws; ++i) ++count[random.Below(n)];
    const std::int64_t expected = kDraws / static_cast<std::int64_t>(n);
    for (const std::int64_t c : count) {
      // Six sigma, with room: sigma^2 is below `expected`.
      EXPECT_LT((c - expected) * (c - expected), 36 * expected + 36) << n;
    }
  }
}

// A plain "value mod n" gives the lower third twice its share here.
TEST(RandomTest, BelowIsUnbiasedForHugeBounds) {
  const std::uint64_t third = std::uint64_t{1} << 62;
  Random random(2, 0);
  std::array<std::int64_t, 3> count{};
  for (int i = 0; i < 30'000; ++i) ++count[random.Below(3 * third) / third];
  for (const std::int64_t c : count) EXPECT_NEAR(c, 10'000, 500);
  EXPECT_GT(random.drawn(), 30'000u) << "no value was ever redrawn";
}

TEST(RandomTest, InRangeIncludesBothEnds) {
  Random random(3, 0);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 200; ++i) seen.insert(random.InRange(5, 8));
  EXPECT_EQ(seen, (std::set<std::uint64_t>{5, 6, 7, 8}));
  EXPECT_EQ(random.InRange(kOnes, kOnes), kOnes);
  bool high = false;
  for (int i = 0; i < 100; ++i) high |= random.InRange(0, kOnes) >> 63 != 0;
  EXPECT_TRUE(high);
}

// The distributions are ours, so their results are part of every golden trace.
TEST(RandomTest, DistributionsAreFixed) {
  Random random(42, 7);
  std::vector<std::uint64_t> drawn;
  drawn.reserve(8);
  for (int i = 0; i < 8; ++i) drawn.push_back(random.Below(1000));
  EXPECT_EQ(drawn, (std::vector<std::uint64_t>{637, 362, 688, 55, 130, 924, 163,
                                               340}));
}

TEST(RandomTest, ChanceCountsOut) {
  Random random(4, 0);
  int hits = 0;
  for (int i = 0; i < 10'000; ++i) hits += random.Chance(1, 4) ? 1 : 0;
  EXPECT_NEAR(hits, 2500, 250);
  EXPECT_FALSE(random.Chance(0, 4));
  EXPECT_TRUE(random.Chance(4, 4));
}

TEST(RandomDeathTest, EmptyRangesAreOurBug) {
  Random random(0, 0);
  EXPECT_DEATH(random.Below(0), "bound above 0");
  EXPECT_DEATH(random.InRange(2, 1), "first <= last");
}

}  // namespace
}  // namespace iovalab::sim
