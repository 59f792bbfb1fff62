#include "model/iommu/iotlb.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "model/iommu/reference_iotlb.h"
#include "sim/random.h"

namespace iovalab {
namespace {

constexpr uint32_t kDomain = 3;

IotlbEntry Page(uint64_t first, uint64_t target, uint8_t shift = 12) {
  IotlbEntry e;
  e.first = first;
  e.target = target;
  e.domain = kDomain;
  e.shift = shift;
  e.perm = 3;
  return e;
}

IotlbMatch Pages(uint64_t address, uint8_t mask) {
  IotlbMatch match;
  match.domain = kDomain;
  match.any_pasid = false;
  match.any_address = false;
  match.address = address;
  match.mask = mask;
  return match;
}

TEST(Iotlb, HitMissAndReplacement) {
  Iotlb lru(IotlbShape{.sets = 1, .ways = 2});
  lru.Insert(Page(0x1000, 0xa000), 0x1abc);
  lru.Insert(Page(0x2000, 0xb000), 0x2000);
  ASSERT_NE(lru.Find(kDomain, kNoPasid, 0x1fff), nullptr);
  EXPECT_EQ(lru.Find(kDomain, kNoPasid, 0x1fff)->target, 0xa000u);
  EXPECT_EQ(lru.Find(kDomain + 1, kNoPasid, 0x1000), nullptr);
  EXPECT_EQ(lru.Find(kDomain, 0, 0x1000), nullptr);
  lru.Insert(Page(0x3000, 0xc000), 0x3000);  // 0x2000 was used least recently
  EXPECT_EQ(lru.Peek(kDomain, kNoPasid, 0x2000), nullptr);
  EXPECT_NE(lru.Peek(kDomain, kNoPasid, 0x1000), nullptr);
  EXPECT_EQ(lru.evictions(), 1u);

  Iotlb fifo(
      IotlbShape{.sets = 1, .ways = 2, .replacement = IotlbReplacement::kFifo});
  fifo.Insert(Page(0x1000, 0xa000), 0x1000);
  fifo.Insert(Page(0x2000, 0xb000), 0x2000);
  fifo.Find(kDomain, kNoPasid, 0x1000);
  fifo.Insert(Page(0x3000, 0xc000), 0x3000);
  EXPECT_EQ(fifo.Peek(kDomain, kNoPasid, 0x1000), nullptr);
}

TEST(Iotlb, QemuEmptiesAFullCache) {
  Iotlb cache(IotlbShapeOf("qemu_vtd"));
  for (uint64_t i = 0; i < 1024; ++i) cache.Insert(Page(i << 12, 0), i << 12);
  EXPECT_EQ(cache.size(), 1024u);
  cache.Insert(Page(1024 << 12, 0), 1024 << 12);
  EXPECT_EQ(cache.size(), 1u);
  EXPECT_EQ(cache.evictions(), 1024u);
}

TEST(Iotlb, SuperpagesAreKeptOrCut) {
  const IotlbEntry large = Page(0x40000000, 0x80000000, 21);
  Iotlb whole(IotlbShapeOf("iotlb"));
  whole.Insert(large, 0x40123456);
  EXPECT_NE(whole.Peek(kDomain, kNoPasid, 0x401fffff), nullptr);
  Iotlb split(IotlbShapeOf("split"));
  split.Insert(large, 0x40123456);
  EXPECT_EQ(split.Peek(kDomain, kNoPasid, 0x40124000), nullptr);
  const IotlbEntry* const piece = split.Peek(kDomain, kNoPasid, 0x40123000);
  ASSERT_NE(piece, nullptr);
  EXPECT_EQ(piece->target, 0x80123000u);
  EXPECT_EQ(piece->shift, 12);
  // Nothing smaller than what the cache keeps.
  Iotlb walk(IotlbShapeOf("walk"));
  walk.Insert(Page(0x1000, 0xa000), 0x1000);
  EXPECT_EQ(walk.size(), 0u);
}

// S8-6: an address mask that is too small for a superpage.
TEST(Iotlb, InvalidateAPartOfASuperpage) {
  const auto left = [](absl::string_view shape) {
    Iotlb cache(IotlbShapeOf(shape));
    for (uint64_t i = 0; i < 4; ++i) {
      cache.Insert(Page(0x200000, 0x200000, 21), 0x200000 + i * 0x1000);
    }
    cache.Invalidate(Pages(0x200000, 0));
    return cache.size();
  };
  EXPECT_EQ(left("iotlb"), 0u);    // the entry goes, whole
  EXPECT_EQ(left("covered"), 1u);  // stale, and so is what was invalidated
  EXPECT_EQ(left("split"), 3u);    // stale but for the page meant
  Iotlb cache(IotlbShapeOf("covered"));
  cache.Insert(Page(0x200000, 0x200000, 21), 0x200000);
  cache.Invalidate(Pages(0x200000, 9));
  EXPECT_EQ(cache.size(), 0u);
}

// Recorded: q35-2g-vtd-linux. An invalidation of 0xffefc000 takes 0xffffc000
// too, whose page number has the same low 8 bits, and leaves 0xfffff000.
TEST(Iotlb, Qemu72ComparesEightBits) {
  Iotlb cache(IotlbShapeOf("qemu_vtd_7_2"));
  for (const uint64_t iova : {0xffefc000, 0xffffc000, 0xfffff000}) {
    cache.Insert(Page(iova, 0), iova);
  }
  EXPECT_EQ(cache.Invalidate(Pages(0xffefc000, 0)), 2u);
  EXPECT_NE(cache.Peek(kDomain, kNoPasid, 0xfffff000), nullptr);
  Iotlb repaired(IotlbShapeOf("qemu_vtd"));
  for (const uint64_t iova : {0xffefc000, 0xffffc000, 0xfffff000}) {
    repaired.Insert(Page(iova, 0), iova);
  }
  EXPECT_EQ(repaired.Invalidate(Pages(0xffefc000, 0)), 1u);
}

TEST(Iotlb, ByDomainPasidAndAll) {
  const auto filled = [] {
    Iotlb cache(IotlbShape{.sets = 4, .ways = 4});
    for (uint32_t domain = 1; domain <= 2; ++domain) {
      for (uint32_t pasid = 0; pasid < 2; ++pasid) {
        IotlbEntry e = Page(0x1000, 0xa000);
        e.domain = domain;
        e.pasid = pasid;
        cache.Insert(e, 0x1000);
      }
    }
    return cache;
  };
  Iotlb cache = filled();
  EXPECT_EQ(cache.Invalidate({.domain = 1}), 2u);
  cache = filled();
  EXPECT_EQ(cache.Invalidate({.domain = 1, .any_pasid = false, .pasid = 1}),
            1u);
  cache = filled();
  EXPECT_EQ(cache.Invalidate({.any_domain = true}), 4u);
}

TEST(IotlbShape, TableAndErrors) {
  for (const NamedIotlbShape& row : IotlbShapes()) {
    EXPECT_TRUE(CheckIotlbShape(row.shape).ok()) << row.name;
  }
  const struct {
    IotlbShape shape;
    absl::string_view says;
  } cases[] = {
      {{.sets = 0}, "sets: 0"},
      {{.sets = 3}, "sets: 3"},
      {{.ways = 0}, "ways: 0"},
      {{.ways = 70000}, "ways: 70000"},
      {{.sets = 4096, .ways = 4096}, "sets * ways"},
      {{.shifts = 0}, "shifts"},
      {{.sets = 2, .replacement = IotlbReplacement::kClear}, "sets: 2"},
  };
  for (const auto& c : cases) {
    const absl::Status status = CheckIotlbShape(c.shape);
    EXPECT_TRUE(absl::StartsWith(status.message(), c.says)) << status;
  }
}

IotlbShape RandomShape(sim::Random& random) {
  IotlbShape shape;
  shape.replacement = static_cast<IotlbReplacement>(random.Below(3));
  const bool clear = shape.replacement == IotlbReplacement::kClear;
  shape.sets = clear ? 1 : 1u << random.Below(4);
  shape.ways = 1 + static_cast<uint32_t>(random.Below(6));
  shape.partial = static_cast<IotlbPartial>(random.Below(2));
  shape.shifts = 0;
  while (shape.shifts == 0) {
    for (const int s : {12, 14, 21, 30, 63}) {
      if (random.Chance(1, 2)) shape.shifts |= ShiftBit(s);
    }
  }
  if (random.Chance(1, 4)) shape.compared = 0xff;
  return shape;
}

uint64_t RandomIova(sim::Random& random) {
  const uint64_t high = random.Below(3) << 30 | random.Below(2) << 63;
  return high | random.Below(4) << 20 | random.Below(20) << 12 |
         random.Below(4096);
}

std::vector<IotlbEntry> Sorted(std::vector<IotlbEntry> entries) {
  std::sort(entries.begin(), entries.end(),
            [](const IotlbEntry& a, const IotlbEntry& b) {
              return std::tie(a.domain, a.pasid, a.shift, a.first) <
                     std::tie(b.domain, b.pasid, b.shift, b.first);
            });
  return entries;
}

IotlbMatch RandomMatch(sim::Random& random) {
  IotlbMatch m;
  m.any_domain = random.Chance(1, 8);
  m.domain = static_cast<uint32_t>(random.Below(2));
  m.any_pasid = random.Chance(1, 4);
  m.pasid = random.Chance(1, 3) ? 7 : kNoPasid;
  m.any_address = random.Chance(1, 10);
  m.address = RandomIova(random);
  const uint8_t masks[] = {0, 0, 0, 1, 3, 9, 18, 40, 51, 52, 63};
  m.mask = masks[random.Below(11)];
  return m;
}

// However much comes and goes, its log is as long as the cache is large and
// tells of every entry that is not what it was.
TEST(Iotlb, ChangesAreBoundedAndWhole) {
  for (uint64_t round = 0; round < 60; ++round) {
    sim::Random random(round, 2);
    const IotlbShape shape = RandomShape(random);
    Iotlb cache(shape);
    cache.KeepChanges();
    for (int take = 0; take < 20; ++take) {
      const std::vector<IotlbEntry> before = cache.Entries();
      const uint64_t touches = random.Below(random.Chance(1, 2) ? 20 : 2000);
      for (uint64_t i = 0; i < touches; ++i) {
        const uint64_t iova = RandomIova(random);
        IotlbEntry e = Page(0, random.Below(3) << 12, 12);
        e.first = iova >> 12 << 12;
        cache.Insert(e, iova);
        if (random.Chance(1, 8)) cache.Invalidate(RandomMatch(random));
      }
      const std::vector<IotlbEntry> changes = cache.TakeChanges();
      ASSERT_LE(changes.size(), 4u * shape.sets * shape.ways + 16);
      const std::vector<IotlbEntry> after = cache.Entries();
      const auto in = [](const std::vector<IotlbEntry>& list,
                         const IotlbEntry& e, bool key) {
        return std::any_of(list.begin(), list.end(), [&](const auto& o) {
          return key ? o.first == e.first && o.shift == e.shift &&
                           o.domain == e.domain && o.pasid == e.pasid
                     : o == e;
        });
      };
      for (const IotlbEntry& e : before) {
        ASSERT_TRUE(in(after, e, false) || in(changes, e, true)) << round;
      }
      for (const IotlbEntry& e : after) {
        ASSERT_TRUE(in(before, e, false) || in(changes, e, true)) << round;
      }
    }
  }
}

TEST(Iotlb, RandomAgainstTheReference) {
  for (uint64_t round = 0; round < 300; ++round) {
    sim::Random random(round, 1);
    const IotlbShape shape = RandomShape(random);
    Iotlb cache(shape);
    ReferenceIotlb reference(shape);
    for (int i = 0; i < 400; ++i) {
      const uint64_t iova = RandomIova(random);
      const uint32_t domain = static_cast<uint32_t>(random.Below(2));
      const uint32_t pasid = random.Chance(1, 3) ? 7 : kNoPasid;
      const uint64_t what = random.Below(100);
      if (what < 50) {
        const IotlbEntry* const got = cache.Find(domain, pasid, iova);
        const IotlbEntry* const want = reference.Find(domain, pasid, iova);
        ASSERT_EQ(got == nullptr, want == nullptr) << round << " " << i;
        if (got != nullptr) {
          ASSERT_EQ(*got, *want) << round << " " << i;
        }
      } else if (what < 90) {
        const uint8_t shifts[] = {12, 12, 14, 21, 30, 63};
        IotlbEntry e =
            Page(0, random.Below(1000) << 12, shifts[random.Below(6)]);
        e.first = iova >> e.shift << e.shift;
        e.domain = domain;
        e.pasid = pasid;
        e.generation = i;
        cache.Insert(e, iova);
        reference.Insert(e, iova);
      } else {
        const IotlbMatch match = RandomMatch(random);
        cache.Invalidate(match);
        reference.Invalidate(match);
      }
      ASSERT_EQ(Sorted(cache.Entries()), Sorted(reference.Entries()))
          << round << " " << i;
      ASSERT_EQ(cache.size(), cache.Entries().size());
    }
  }
}

}  // namespace
}  // namespace iovalab
