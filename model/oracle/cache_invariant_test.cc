#include "model/oracle/cache_invariant.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "model/iommu/translation_unit.h"
#include "model/kernel/iommu_domain.h"
#include "sim/random.h"

namespace iovalab {
namespace {

constexpr uint64_t k2M = 0x200000;
constexpr uint64_t kHpa = 0x40000000;

// A domain, its hardware, and who looks whether they agree.
class World {
 public:
  World(FlushPolicy policy, const UnitShape& shape,
        absl::string_view format = "vtd4")
      : unit_(shape, 0x28), sink_(&stores_) {
    domain_.table = IommuTable(FindIommuDriver(format));
    domain_.has_hardware = true;
    domain_.flush.shape.policy = policy;
    if (shape.atc) domain_.ats = 0x28;
    sink_.WatchChanges(true);
  }

  void Map(uint64_t iova, uint64_t size, uint64_t hpa = kHpa) {
    Begin();
    ASSERT_EQ(
        IommuMap(domain_, iova, Hpa(hpa), size, kPermReadWrite, kernel_, sink_),
        0);
    End();
  }
  // Nobody maps over what is there: a leaf that another replaces is not
  // flushed.
  void MapIfFree(uint64_t iova, uint64_t size, uint64_t hpa) {
    const StoreId iommu{StoreKind::kIommu, 0};
    if (stores_.Get(iommu).FirstIn(iova, iova + size - 1)) return;
    Begin();
    IommuMap(domain_, iova, Hpa(hpa), size, kPermReadWrite, kernel_, sink_);
    End();
  }
  void Unmap(uint64_t iova, uint64_t size) {
    Begin();
    IommuUnmap(domain_, iova, size, Rule::kIommuUnmap, kernel_, sink_);
    End();
  }
  void Access(uint64_t iova) {
    Begin();
    Translate(unit_, domain_.table.pages, iova, iova, false, sink_);
    End();
  }
  // The hardware does what it was asked for.
  void Invalidate() {
    Begin();
    sim::Time done;
    for (const IommuAsked& asked : domain_.asked) {
      for (const Invalidation& i : asked.commands) {
        done = SubmitWaiting(unit_.queue, i, sim::Time{now_});
      }
    }
    domain_.asked.clear();
    RunInvalidations(unit_, done, sink_);
    End();
  }
  void Timer() {
    now_ += 20 * sim::kMillisecond;
    Begin();
    IommuFlushTimer(domain_, sink_);
    End();
  }
  bool asks() const { return !domain_.asked.empty(); }
  bool waits() const { return !domain_.flush.queued.empty(); }

  // "L3 iommu against hw_iotlb.21 0x200000-0x3fffff"; "" where all is well.
  std::string Check() {
    const auto v = invariant_.Check(stores_, domain_.table.pages);
    if (!v) return "";
    EXPECT_EQ(v->invariant, 5);
    EXPECT_EQ(v->store, (StoreId{StoreKind::kIommu, 0}));
    const StoreKind kind = v->against.kind;
    return absl::StrCat(kind == StoreKind::kAtc         ? "atc."
                        : kind == StoreKind::kWalkCache ? "walk."
                                                        : "iotlb.",
                        int{v->against.asid}, " ", absl::Hex(v->first), "-",
                        absl::Hex(v->last));
  }

 private:
  void Begin() { sink_.Begin(++now_, kNoEventIndex); }
  void End() { invariant_.Follow(sink_.TakeChanges()); }

  const KernelProfile& kernel_ = *FindKernelProfile("deb_6_12_117");
  IommuDomain domain_;
  TranslationUnit unit_;
  Stores stores_;
  Sink sink_;
  CacheInvariant invariant_;
  int64_t now_ = 0;
};

UnitShape Like(absl::string_view name) { return {.iotlb = IotlbShapeOf(name)}; }

// A leaf of 2 MiB of which one page is unmapped, which drops it whole on VT-d.
// What is found when software believes that it is done.
TEST(CacheInvariant, ByPolicyAndCache) {
  const struct {
    FlushPolicy policy;
    absl::string_view iotlb;
    std::string found;
  } kCases[] = {
      {FlushPolicy::kStrict, "iotlb", ""},
      {FlushPolicy::kStrict, "split", ""},
      {FlushPolicy::kStrict, "covered", ""},
      {FlushPolicy::kStrict, "none", ""},
      {FlushPolicy::kLazy, "iotlb", ""},
      {FlushPolicy::kLazy, "covered", ""},
      {FlushPolicy::kBroken, "iotlb", "iotlb.21 200000-3fffff"},
      {FlushPolicy::kBroken, "split", "iotlb.12 200000-200fff"},
      {FlushPolicy::kBroken, "none", ""},
      // A page's invalidation takes the whole entry that it touches,
      {FlushPolicy::kShort, "iotlb", ""},
      // but neither one that it does not cover nor its other pieces.
      {FlushPolicy::kShort, "covered", "iotlb.21 200000-3fffff"},
      {FlushPolicy::kShort, "split", "iotlb.12 200000-200fff"},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(absl::StrCat(FlushPolicyName(c.policy), " ", c.iotlb));
    World world(c.policy, Like(c.iotlb));
    world.Map(k2M, k2M);
    world.Access(k2M + 8);
    world.Unmap(k2M + 0x7000, 0x1000);
    const bool lazy = c.policy == FlushPolicy::kLazy;
    EXPECT_EQ(world.waits(), lazy);
    EXPECT_EQ(world.asks(), !lazy && c.policy != FlushPolicy::kBroken);
    if (lazy) world.Timer();
    world.Invalidate();
    EXPECT_FALSE(world.waits());
    EXPECT_EQ(world.Check(), c.found);
    EXPECT_EQ(world.Check(), "") << "each is told once";
  }
}

TEST(CacheInvariant, WhatWasNotCachedNeedsNoInvalidation) {
  World world(FlushPolicy::kBroken, Like("iotlb"));
  world.Map(k2M, k2M);
  world.Map(4 * k2M, k2M, kHpa + k2M);
  world.Access(k2M);
  world.Unmap(4 * k2M, k2M);
  EXPECT_EQ(world.Check(), "");
  world.Access(4 * k2M);  // a refusal is not cached
  EXPECT_EQ(world.Check(), "");
}

TEST(CacheInvariant, TheSameAgainIsNotStale) {
  World world(FlushPolicy::kBroken, Like("iotlb"));
  world.Map(k2M, k2M);
  world.Access(k2M);
  world.Unmap(k2M, k2M);
  world.Map(k2M, k2M);
  EXPECT_EQ(world.Check(), "");
  world.Unmap(k2M, k2M);
  world.Map(k2M, k2M, kHpa + k2M);
  EXPECT_EQ(world.Check(), "iotlb.21 200000-3fffff");
}

// Before it is done the contract allows stale entries: it is the caller who
// waits.
TEST(CacheInvariant, IsForWhenTheInvalidationIsDone) {
  World world(FlushPolicy::kStrict, Like("iotlb"));
  world.Map(k2M, k2M);
  world.Access(k2M);
  world.Unmap(k2M, k2M);
  EXPECT_EQ(world.Check(), "iotlb.21 200000-3fffff");
}

TEST(CacheInvariant, TheDevicesOwnCacheToo) {
  for (const FlushPolicy policy : {FlushPolicy::kStrict, FlushPolicy::kLazy,
                                   FlushPolicy::kBroken, FlushPolicy::kShort}) {
    // The IOTLB keeps nothing: what is stale is the device's.
    World world(policy,
                {.iotlb = IotlbShapeOf("none"), .atc = IotlbShapeOf("split")});
    world.Map(k2M, k2M);
    world.Access(k2M + 0x1000);
    world.Unmap(k2M + 0x7000, 0x1000);
    if (policy == FlushPolicy::kLazy) world.Timer();
    world.Invalidate();
    const bool right =
        policy == FlushPolicy::kStrict || policy == FlushPolicy::kLazy;
    EXPECT_EQ(world.Check(), right ? "" : "atc.12 201000-201fff")
        << FlushPolicyName(policy);
  }
}

// A pointer to a table that is gone, whatever else is cached. A table of 4 KiB
// leaves goes when all of it is unmapped, and is the same when it is back.
TEST(CacheInvariant, PointersToFreedTables) {
  const struct {
    FlushPolicy policy;
    uint64_t unmapped;
    bool again;
    std::string found;
  } kCases[] = {
      {FlushPolicy::kStrict, k2M, false, ""},
      {FlushPolicy::kLazy, k2M, false, ""},
      {FlushPolicy::kBroken, k2M, false, "walk.21 200000-3fffff"},
      {FlushPolicy::kBroken, k2M - 0x1000, false, ""},
      {FlushPolicy::kBroken, k2M, true, ""},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(absl::StrCat(FlushPolicyName(c.policy), " ",
                              absl::Hex(c.unmapped), " ", c.again));
    World world(c.policy,
                {.iotlb = IotlbShapeOf("none"), .walk = IotlbShapeOf("walk")});
    world.Map(k2M, k2M, kHpa + 0x1000);
    world.Access(k2M + 8);
    world.Unmap(k2M, c.unmapped);
    if (c.again) world.Map(k2M, k2M, kHpa + 0x3000);
    if (c.policy == FlushPolicy::kLazy) world.Timer();
    world.Invalidate();
    EXPECT_EQ(world.Check(), c.found);
  }
}

// Halves that go one after another leave an empty table, which a leaf of all of
// it then replaces.
TEST(CacheInvariant, PointersToReplacedTables) {
  for (const FlushPolicy policy :
       {FlushPolicy::kStrict, FlushPolicy::kLazy, FlushPolicy::kBroken}) {
    World world(policy,
                {.iotlb = IotlbShapeOf("none"), .walk = IotlbShapeOf("walk")});
    const auto flush = [&] {
      if (policy == FlushPolicy::kLazy) world.Timer();
      world.Invalidate();
    };
    world.Map(k2M, k2M, kHpa + 0x1000);
    world.Access(k2M + 8);
    world.Unmap(k2M, k2M / 2);
    flush();
    world.Unmap(k2M + k2M / 2, k2M / 2);
    flush();
    EXPECT_EQ(world.Check(), "");
    world.Access(k2M * 3 / 2);  // a refusal is not cached
    world.Map(k2M, k2M, kHpa);
    world.Invalidate();
    EXPECT_EQ(world.Check(),
              policy == FlushPolicy::kBroken ? "walk.21 200000-3fffff" : "");
  }
}

// Formats flush in other ways; strict and lazy leave nothing in any, nor do
// unmaps of parts of leaves.
TEST(CacheInvariant, EveryFormatIsStrict) {
  for (const IommuDriver& driver : IommuDrivers()) {
    for (const FlushPolicy policy :
         {FlushPolicy::kStrict, FlushPolicy::kLazy, FlushPolicy::kBroken}) {
      SCOPED_TRACE(absl::StrCat(driver.name, " ", FlushPolicyName(policy)));
      World world(policy,
                  {.walk = IotlbShapeOf("walk"), .atc = IotlbShapeOf("atc")},
                  driver.name);
      // Of pages, so that tables go too.
      world.Map(k2M, 2 * k2M, kHpa + 0x1000);
      for (uint64_t at = k2M; at < 3 * k2M; at += 0x3000) world.Access(at);
      world.Unmap(2 * k2M, k2M);
      if (policy == FlushPolicy::kLazy) world.Timer();
      world.Invalidate();
      EXPECT_EQ(world.Check() == "", policy != FlushPolicy::kBroken);
    }
  }
}

// Maps and unmaps of ranges that begin and end anywhere with leaves of every
// size: a driver that flushes leaves nothing behind
// in any cache, whether it frees tables when it unmaps or when it maps.
TEST(CacheInvariant, NoDriverLeavesAnythingBehind) {
  for (const IommuDriver& driver : IommuDrivers()) {
    for (uint64_t seed = 1; seed <= 60; ++seed) {
      sim::Random random(seed, 9);
      const FlushPolicy policy =
          random.Chance(1, 4) ? FlushPolicy::kLazy : FlushPolicy::kStrict;
      SCOPED_TRACE(absl::StrCat(driver.name, " seed ", seed, " ",
                                FlushPolicyName(policy)));
      World world(
          policy,
          {.iotlb = IotlbShapeOf(random.Chance(1, 2) ? "iotlb" : "none"),
           .walk = IotlbShapeOf("walk")},
          driver.name);
      const auto edge = [&] {
        return k2M + random.Below(3) * k2M +
               (random.Chance(1, 2) ? 0 : random.Below(512) * 0x1000);
      };
      const auto flush = [&] {
        if (policy == FlushPolicy::kLazy) world.Timer();
        world.Invalidate();
      };
      for (int i = 0; i < 60; ++i) {
        uint64_t first = edge(), end = edge();
        if (first > end) std::swap(first, end);
        if (first == end) end += 0x1000;
        switch (random.Below(4)) {
          case 0:
            world.Unmap(first, end - first);
            flush();
            world.MapIfFree(first, end - first,
                            kHpa + first + random.Below(2) * 0x1000);
            break;
          case 1:
            world.Unmap(first, end - first);
            break;
          default:
            for (uint64_t at = first; at < end; at += 0x20000) world.Access(at);
        }
        flush();
        ASSERT_EQ(world.Check(), "") << i;
      }
    }
  }
}

}  // namespace
}  // namespace iovalab
