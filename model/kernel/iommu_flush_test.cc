#include "model/kernel/iommu_flush.h"

#include <algorithm>

#include "gtest/gtest.h"
#include "sim/random.h"

namespace iovalab {
namespace {

using K = InvalidationKind;

Range<Iova> Pages(uint64_t first, uint64_t count) {
  return {Iova(first), Iova(first + count * 0x1000 - 1)};
}
sim::Time At(sim::Nanos ns) { return sim::Time{ns}; }
constexpr sim::Nanos kMs = sim::kMillisecond;

FlushActions Unmap(IommuFlush& flush, Range<Iova> range, bool leaf_only,
                   sim::Time now) {
  return FlushAfterUnmap(
      flush, range, {VtdInvalidation(flush.domain, range, leaf_only)}, now);
}

IommuFlush Flush(FlushPolicy policy) {
  IommuFlush flush;
  flush.shape.policy = policy;
  flush.domain = 3;
  return flush;
}

TEST(IommuFlush, Strict) {
  IommuFlush flush = Flush(FlushPolicy::kStrict);
  const FlushActions a = Unmap(flush, Pages(0xffefc000, 1), false, At(0));
  ASSERT_EQ(a.commands.size(), 2u);
  EXPECT_EQ(ToVtdDescriptor(a.commands[0]),
            (VtdDescriptor{0x300f2, 0xffefc000}));  // recorded
  EXPECT_EQ(a.commands[1].kind, K::kWait);
  EXPECT_EQ(a.released.size(), 1u);
  EXPECT_FALSE(flush.timer.has_value());
}

TEST(IommuFlush, LazyTimer) {
  IommuFlush flush = Flush(FlushPolicy::kLazy);
  EXPECT_TRUE(Unmap(flush, Pages(0x1000, 1), true, At(5)).commands.empty());
  EXPECT_EQ(flush.timer, At(5 + 10 * kMs));
  // A later unmap does not move the timer.
  const FlushActions b = Unmap(flush, Pages(0x2000, 1), true, At(4 * kMs));
  EXPECT_TRUE(b.released.empty());
  EXPECT_EQ(flush.timer, At(5 + 10 * kMs));
  EXPECT_TRUE(FlushTimer(flush, At(10 * kMs)).commands.empty());  // too early
  const FlushActions c = FlushTimer(flush, At(5 + 10 * kMs));
  ASSERT_EQ(c.commands.size(), 2u);
  EXPECT_EQ(c.commands[0].kind, K::kDomain);
  EXPECT_EQ(c.commands[0].domain, 3u);
  EXPECT_EQ(c.released.size(), 2u);
  EXPECT_FALSE(flush.timer.has_value());
}

// 256 slots hold 255 ranges: the 256th unmap flushes first.
TEST(IommuFlush, LazyFullRing) {
  IommuFlush flush = Flush(FlushPolicy::kLazy);
  for (uint64_t i = 0; i < 255; ++i) {
    EXPECT_TRUE(Unmap(flush, Pages(i << 12, 1), true, At(0)).commands.empty())
        << i;
  }
  const FlushActions a = Unmap(flush, Pages(255 << 12, 1), true, At(1));
  EXPECT_EQ(a.commands.size(), 2u);
  EXPECT_EQ(a.released.size(), 255u);
  EXPECT_EQ(flush.queued.size(), 1u);
  EXPECT_EQ(flush.timer, At(10 * kMs));
}

TEST(IommuFlush, Broken) {
  IommuFlush flush = Flush(FlushPolicy::kBroken);
  const FlushActions a = Unmap(flush, Pages(0x1000, 1), true, At(0));
  EXPECT_TRUE(a.commands.empty());
  EXPECT_EQ(a.released.size(), 1u);
}

// S8-1 to S8-3: a warm entry after an unmap.
TEST(IommuFlush, WarmEntry) {
  const struct {
    FlushPolicy policy;
    bool hit_at_1ms, hit_at_11ms;
  } cases[] = {{FlushPolicy::kStrict, false, false},
               {FlushPolicy::kLazy, true, false},
               {FlushPolicy::kBroken, true, true},
               {FlushPolicy::kShort, false, false}};
  for (const auto& c : cases) {
    IommuCaches caches{
        Iotlb(IotlbShapeOf("iotlb")), Iotlb(IotlbShapeOf("walk")), {}};
    IotlbEntry e;
    e.first = 0x1000;
    e.domain = 3;
    e.perm = 3;
    caches.iotlb.Insert(e, 0x1000);
    IommuFlush flush = Flush(c.policy);
    const auto run = [&](const FlushActions& actions) {
      for (const Invalidation& i : actions.commands) Apply(i, caches);
    };
    run(Unmap(flush, Pages(0x1000, 1), true, At(0)));
    const auto hit = [&] {
      return caches.iotlb.Peek(3, kNoPasid, 0x1000) != nullptr;
    };
    EXPECT_EQ(hit(), c.hit_at_1ms) << FlushPolicyName(c.policy);
    run(FlushTimer(flush, At(11 * kMs)));
    EXPECT_EQ(hit(), c.hit_at_11ms) << FlushPolicyName(c.policy);
    EXPECT_EQ(FlushPolicyByName(FlushPolicyName(c.policy)), c.policy);
  }
  EXPECT_FALSE(FlushPolicyByName("never").has_value());
}

TEST(FlushPolicies, OneRowEach) {
  ASSERT_EQ(FlushPolicies().size(), 4u);
  for (size_t i = 0; i < FlushPolicies().size(); ++i) {
    const FlushPolicyRow& row = FlushPolicies()[i];
    EXPECT_EQ(row.policy, static_cast<FlushPolicy>(i));
    EXPECT_EQ(FlushPolicyByName(row.name), row.policy);
    EXPECT_FALSE(row.help.empty());
    EXPECT_FALSE(row.source.empty());
  }
}

struct FlushCase {
  const char* format;
  uint64_t first, pages, leaf_bytes;
  bool leaf_only;
  // Expected: how many, and the first. mask -1: the domain.
  size_t commands;
  uint64_t address;
  int mask;
  bool hint;
};
constexpr uint64_t k2M = 0x200000;
constexpr FlushCase kFlushCases[] = {
    {"vtd4", 0x1000, 2, 0x1000, true, 1, 0x0, 2, true},
    {"vtd4", 0x1000, 1, 0x1000, false, 1, 0x1000, 0, false},
    {"vtd4", 0x200000, 512, k2M, true, 1, 0x200000, 9, true},
    {"vtd5", 0, (1 << 18) + 1, 0x1000, true, 1, 0, -1, false},
    // Many more pages in one, and always the tables.
    {"amdv1", 0, (1 << 18) + 1, 0x1000, true, 1, 0, 19, false},
    {"amdv1", 0x3000, 2, 0x1000, true, 1, 0, 3, false},
    {"amdv1", 0, uint64_t{1} << 40, 0x1000, true, 1, 0, 40, false},
    {"amdv1", 0, (uint64_t{1} << 40) + 1, 0x1000, true, 1, 0, -1, false},
    // A command each leaf.
    {"lpae_s2", 0x1000, 3, 0x1000, true, 3, 0x1000, 0, true},
    {"lpae_s2", 0x200000, 1024, k2M, true, 2, 0x200000, 9, true},
    {"lpae_s2", 0x200000, 512, k2M, false, 1, 0x200000, 9, false},
    {"lpae_s2", 0, 511, 0x1000, true, 511, 0, 0, true},
    {"lpae_s2", 0, 512, 0x1000, true, 1, 0, -1, false},
    // A command each page, also of a superpage; 2 MiB is all.
    {"riscv48", 0x1000, 3, 0x1000, false, 3, 0x1000, 0, true},
    {"riscv39x4", 0, 511, 0x1000, true, 511, 0, 0, true},
    {"riscv48", 0x200000, 512, k2M, true, 1, 0, -1, false},
    // Exactly the range.
    {"s390", 0x1000, 3, 0x1000, true, 2, 0x1000, 0, false},
    {"s390", 0, uint64_t{1} << 30, 0x1000, true, 1, 0, 30, false},
    {"toy", 0x1000, 1, 0x1000, true, 1, 0, -1, false},
};

TEST(FlushCommands, ByDriver) {
  for (const FlushCase& c : kFlushCases) {
    SCOPED_TRACE(testing::Message()
                 << c.format << " " << c.first << " " << c.pages);
    const std::vector<Invalidation> commands =
        FlushCommands(*FindIommuDriver(c.format), 3, Pages(c.first, c.pages),
                      c.leaf_bytes, c.leaf_only);
    ASSERT_EQ(commands.size(), c.commands);
    const Invalidation& i = commands[0];
    EXPECT_EQ(i.domain, 3u);
    EXPECT_EQ(i.kind, c.mask < 0 ? K::kDomain : K::kPages);
    EXPECT_EQ(i.leaf_only, c.hint);
    if (c.mask < 0) continue;
    EXPECT_EQ(i.address, c.address);
    EXPECT_EQ(i.mask, c.mask);
  }
}

// Of any driver, any range: bounded, and no page of it is missed.
TEST(FlushCommands, CoverTheRange) {
  sim::Random random(4, 4);
  for (const IommuDriver& driver : IommuDrivers()) {
    for (int n = 0; n < 300; ++n) {
      const uint64_t first = random.Below(uint64_t{1} << random.Below(20));
      const uint64_t count = 1 + random.Below(uint64_t{1} << random.Below(12));
      const uint64_t leaf = random.Below(2) == 0 ? 0x1000 : k2M;
      const auto commands = FlushCommands(driver, 3, Pages(first << 12, count),
                                          leaf, random.Below(2) == 0);
      ASSERT_GE(commands.size(), 1u);
      ASSERT_LE(commands.size(), 511u);
      uint64_t next = first;  // the first page not yet seen
      for (const Invalidation& i : commands) {
        if (i.kind == K::kDomain) next = first + count;
        const uint64_t page = i.address >> 12;
        EXPECT_LE(page, next) << driver.name;
        if (page <= next) next = std::max(next, page + (uint64_t{1} << i.mask));
      }
      EXPECT_GE(next, first + count) << driver.name;
    }
    EXPECT_LE(
        FlushCommands(driver, 3, {Iova(0), Iova(UINT64_MAX)}, 0x1000, true)
            .size(),
        1u);
  }
}

TEST(VtdInvalidation, Masks) {
  const struct {
    uint64_t first, pages, address;
    int mask;  // -1: the domain
  } cases[] = {
      {0xffefc000, 1, 0xffefc000, 0},
      {0xffffc000, 2, 0xffffc000, 1},  // recorded, line 375
      {0x1000, 2, 0x0, 2},             // not aligned: four pages
      {0x0, 512, 0x0, 9},
      {0x3000, 2, 0x0, 3},
      {0x0, 1 << 18, 0x0, 18},
      {0x0, (1 << 18) + 1, 0, -1},
  };
  for (const auto& c : cases) {
    const Invalidation i = VtdInvalidation(3, Pages(c.first, c.pages), false);
    EXPECT_EQ(i.kind, c.mask < 0 ? K::kDomain : K::kPages) << c.first;
    if (c.mask < 0) continue;
    EXPECT_EQ(i.address, c.address) << c.first;
    EXPECT_EQ(i.mask, c.mask) << c.first;
  }
  EXPECT_EQ(VtdInvalidation(3, {Iova(0), Iova(UINT64_MAX)}, false, 63).mask,
            52);
}

TEST(CoveringInvalidations, Exact) {
  sim::Random random(2, 2);
  for (int n = 0; n < 2000; ++n) {
    const uint64_t first = random.Below(64);
    const uint64_t count = 1 + random.Below(64);
    const auto commands =
        CoveringInvalidations(1, Pages(first << 12, count), true, 64);
    uint64_t next = first;
    for (const Invalidation& i : commands) {
      EXPECT_EQ(i.address, next << 12);
      EXPECT_EQ(next & ((uint64_t{1} << i.mask) - 1), 0u);
      EXPECT_TRUE(i.leaf_only);
      next += uint64_t{1} << i.mask;
    }
    EXPECT_EQ(next, first + count);
  }
  EXPECT_EQ(CoveringInvalidations(1, Pages(0x1000, 2), true, 1)[0].kind,
            K::kDomain);
  const auto all =
      CoveringInvalidations(1, {Iova(0), Iova(UINT64_MAX)}, true, 8);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].mask, 52);
}

}  // namespace
}  // namespace iovalab
