// TranslationUnit: which of caches and tables an access is translated by, and
// what is cached afterwards, case by case; and that long accesses cost what the
// caches hold. Against a slow one: translation_unit_random_test.cc.

#include "model/iommu/translation_unit.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "model/event/trace.h"
#include "model/iommu/translation_unit_slow.h"
#include "model/iommu/translation_unit_testing.h"

namespace iovalab {
namespace {

constexpr uint64_t k2M = 0x200000, k1G = 0x40000000;
constexpr uint64_t kA = 0x1000000000, kB = 0x2000000000;  // host memory

// A unit in front of tables, and what its accesses say. After each operation
// L4's stores hold what the caches do.
class Bench {
 public:
  Bench(const UnitShape& shape, StaleWindow::Mode mode,
        absl::string_view format = "vtd4")
      : table_(FindFormat(format)), unit_(shape, 7), sink_(&stores_, &trace_) {
    unit_.window.mode = mode;
    sink_.Begin(1, kNoEventIndex);
    sink_.SetCause(sink_.Emit(Kind::kStep, Actor::kScript, Rule::kNone,
                              {sink_.Intern("step"), sink_.Intern("step")}));
  }

  void Map(uint64_t iova, int size_bits, uint64_t to, uint32_t perm = 3) {
    MapArgs args;
    args.first = iova;
    args.last = iova + (uint64_t{1} << size_bits) - 1;
    args.address = to;
    args.perm = perm;
    args.size_bits = static_cast<uint8_t>(size_bits);
    ASSERT_EQ(table_.Map(args), MapStatus::kOk);
  }
  void MapPages(uint64_t first, uint64_t last, uint64_t to, int size_bits) {
    MapArgs args;
    args.first = first;
    args.last = last;
    args.address = to;
    args.size_bits = static_cast<uint8_t>(size_bits);
    ASSERT_EQ(table_.Map(args), MapStatus::kOk);
  }
  void Unmap(uint64_t first, uint64_t length,
             FreeTables tables = FreeTables::kNone) {
    table_.Unmap(first, first + length - 1, PartialLeaf::kDrop, tables);
  }
  void Invalidate(const Invalidation& i) {
    RunInvalidations(unit_, SubmitWaiting(unit_.queue, i, sim::Time{}), sink_);
    Hold();
  }
  void InvalidatePages(uint64_t iova, int order, bool leaf_only = false) {
    Invalidation i;
    i.kind = InvalidationKind::kPages;
    i.address = iova;
    i.mask = static_cast<uint8_t>(order);
    i.leaf_only = leaf_only;
    Invalidate(i);
  }
  void InvalidateDevice(uint64_t iova, int order, uint32_t source = 7) {
    Invalidation i;
    i.kind = InvalidationKind::kDevice;
    i.source_id = source;
    i.address = iova;
    i.mask = static_cast<uint8_t>(order);
    Invalidate(i);
  }

  // Where the first byte of each translation went, "cached" before it where a
  // cache said so and "old" where the tables say something else; or the fault.
  std::string Access(uint64_t iova, uint64_t length = 8, bool write = false) {
    std::vector<std::string> said;
    const uint64_t last = iova + length - 1;
    while (true) {
      const Translation t = Translate(
          unit_, table_, iova, AlikeEnd(table_, iova, last), write, sink_);
      Hold();
      said.push_back(Text(t));
      if (!t.walk.ok || t.last >= last) break;
      EXPECT_GE(t.last, iova);
      if (t.last < iova) break;
      iova = t.last + 1;
    }
    return absl::StrJoin(said, ", ");
  }
  std::string Write(uint64_t iova, uint64_t length = 8) {
    return Access(iova, length, true);
  }

  // The entries of a cache by address and size: "200000/21".
  static std::string Text(const Iotlb& cache) {
    std::vector<IotlbEntry> entries = cache.Entries();
    std::sort(entries.begin(), entries.end(), [](auto& a, auto& b) {
      return std::pair(a.first, a.shift) < std::pair(b.first, b.shift);
    });
    return absl::StrJoin(entries, " ", [](std::string* out, auto& e) {
      absl::StrAppend(out, absl::Hex(e.first), "/", int{e.shift});
    });
  }
  std::string iotlb() const { return Text(unit_.caches.iotlb); }
  std::string walk() const { return Text(unit_.caches.walk); }
  std::string atc() const { return Text(unit_.caches.devices[0].atc); }

  TranslationUnit& unit() { return unit_; }
  const PageTable& table() const { return table_; }

 private:
  std::string Text(const Translation& t) const {
    if (!t.walk.ok) {
      return absl::StrCat(t.stale ? "old " : "", IommuFaultName(t.walk.reason),
                          " at level ", int{t.walk.level});
    }
    const bool b = t.walk.pa >= kB;
    return absl::StrCat(t.stale    ? "old "
                        : t.cached ? "cached "
                                   : "",
                        b ? "B+" : "A+", absl::Hex(t.walk.pa - (b ? kB : kA)));
  }
  void Hold() {
    EXPECT_TRUE(StoresHold(stores_, StoreKind::kHwIotlb, unit_.caches.iotlb));
    EXPECT_TRUE(StoresHold(stores_, StoreKind::kWalkCache, unit_.caches.walk));
    for (const IommuCaches::Device& device : unit_.caches.devices) {
      EXPECT_TRUE(StoresHold(stores_, StoreKind::kAtc, device.atc));
    }
  }

  PageTable table_;
  TranslationUnit unit_;
  Stores stores_;
  Trace trace_;
  Sink sink_;
};

constexpr auto kOld = StaleWindow::Mode::kOld;
constexpr auto kNew = StaleWindow::Mode::kNew;

UnitShape Iotlb16() { return {}; }
UnitShape WithWalk() { return {.walk = IotlbShapeOf("walk")}; }
UnitShape WithAtc() { return {.atc = IotlbShapeOf("atc")}; }

TEST(TranslationUnit, HitsWhatItMissedBefore) {
  Bench b(Iotlb16(), kOld);
  b.Map(0x1000, 12, kA);
  EXPECT_EQ(b.Access(0x1008), "A+8");
  EXPECT_EQ(b.Access(0x1ff0), "cached A+ff0");
  EXPECT_EQ(b.iotlb(), "1000/12");
  EXPECT_EQ(b.unit().window.choices, 0u);
}

TEST(TranslationUnit, UsesTheOldOrTheNewUntilInvalidated) {
  for (const auto mode : {kOld, kNew}) {
    const bool old = mode == kOld;
    Bench b(Iotlb16(), mode);
    b.Map(0x1000, 12, kA);
    b.Map(0x2000, 12, kA + 0x5000);
    b.Access(0x1000, 0x2000);
    b.Unmap(0x1000, 0x1000);
    b.Map(0x2000, 12, kB);
    EXPECT_EQ(b.Access(0x1000), old ? "old A+0" : "not_present at level 0");
    EXPECT_EQ(b.Access(0x2000), old ? "old A+5000" : "B+0");
    EXPECT_EQ(b.iotlb(), old ? "1000/12 2000/12" : "2000/12");
    b.InvalidatePages(0x1000, 0);
    b.InvalidatePages(0x2000, 0);
    EXPECT_EQ(b.iotlb(), "");
    EXPECT_EQ(b.Access(0x1000), "not_present at level 0");
    EXPECT_EQ(b.Access(0x2000), "B+0");
  }
}

TEST(TranslationUnit, RefusalsAreNeverCached) {
  for (const UnitShape& shape : {Iotlb16(), WithAtc()}) {
    Bench b(shape, kOld);
    b.Map(0x1000, 12, kA, kAccessRead);
    EXPECT_EQ(b.Access(0x5000), "not_present at level 0");
    EXPECT_EQ(b.Write(0x1000), "permission at level 0");
    EXPECT_EQ(b.iotlb(), "");
    // So a new mapping needs no invalidation.
    b.Map(0x5000, 12, kB);
    EXPECT_EQ(b.Access(0x5000), "B+0");
  }
}

TEST(TranslationUnit, APermissionThatDoesNotSufficeIsWalkedAnew) {
  Bench b(Iotlb16(), kOld);
  b.Map(0x1000, 12, kA, kAccessRead);
  b.Access(0x1000);
  // The tables allow more by now: no fault, and no choice to make.
  b.Map(0x1000, 12, kA, kAccessRead | kAccessWrite);
  EXPECT_EQ(b.Write(0x1000), "A+0");
  EXPECT_EQ(b.Write(0x1000), "cached A+0");
  EXPECT_EQ(b.unit().window.choices, 0u);
  // And less: the old one may be used.
  b.Map(0x1000, 12, kA, kAccessRead);
  EXPECT_EQ(b.Write(0x1000), "old A+0");
  b.unit().window.mode = kNew;
  EXPECT_EQ(b.Write(0x1000), "permission at level 0");
  EXPECT_EQ(b.iotlb(), "");
}

TEST(TranslationUnit, SuperpagesAreKeptOrCut) {
  const struct {
    absl::string_view like;
    std::string after_2m, after_1g;  // one byte each
  } kCases[] = {
      {"iotlb", "200000/21", "40000000/30"},
      {"split", "345000/12", "40345000/12"},
      {"atc", "200000/21", "40200000/21"},
      {"none", "", ""},
  };
  for (const auto& c : kCases) {
    Bench b({.iotlb = IotlbShapeOf(c.like)}, kOld);
    b.Map(k2M, 21, kA);
    b.Map(k1G, 30, kA);
    EXPECT_EQ(b.Access(0x345678), "A+145678");
    EXPECT_EQ(b.iotlb(), c.after_2m) << c.like;
    b.InvalidatePages(0x345000, 0);
    EXPECT_EQ(b.Access(k1G + 0x345678), "A+345678");
    EXPECT_EQ(b.iotlb(), c.after_1g) << c.like;
  }
}

TEST(TranslationUnit, AStaleSmallEntryMayHideAStaleLargeOne) {
  for (const UnitShape& shape : {Iotlb16(), WithAtc()}) {
    Bench b(shape, kOld);
    b.Map(k2M, 12, kA);
    b.Access(k2M);
    b.Map(k2M, 21, kA + k1G);
    b.Access(k2M + 0x1000);  // of the leaf; the page hides it from here on
    EXPECT_EQ(b.iotlb(), "200000/12 200000/21");
    EXPECT_EQ(b.Access(k2M, k2M), "old A+0, cached A+40001000");
    b.Map(k2M, 21, kB);
    EXPECT_EQ(b.Access(k2M, k2M), "old A+0, old A+40001000");
    b.unit().window.mode = kNew;
    EXPECT_EQ(b.Access(k2M), "B+0");
    EXPECT_EQ(b.iotlb(), "200000/21");
  }
}

TEST(TranslationUnit, AnAccessStopsBeforeAPageThatIsCachedOtherwise) {
  Bench b(Iotlb16(), kOld);
  b.Map(k2M + 0x5000, 12, kA);
  b.Access(k2M + 0x5000);
  b.Map(k2M, 21, kB);
  EXPECT_EQ(b.Access(k2M, k2M), "B+0, old A+0, cached B+6000");
  b.unit().window.mode = kNew;
  EXPECT_EQ(b.Access(k2M, k2M), "cached B+0, cached B+5000");
}

TEST(TranslationUnit, TheDeviceAsksItsOwnCacheFirst) {
  Bench b(WithAtc(), kOld);
  b.Map(0x1000, 12, kA);
  b.Access(0x1000);
  EXPECT_EQ(b.iotlb(), "1000/12");
  EXPECT_EQ(b.atc(), "1000/12");
  b.Map(0x1000, 12, kB);
  // The IOTLB forgets; the device does not.
  b.InvalidatePages(0x1000, 0);
  EXPECT_EQ(b.iotlb(), "");
  EXPECT_EQ(b.Access(0x1000), "old A+0");
  EXPECT_EQ(b.iotlb(), "") << "it was not asked";
  b.InvalidateDevice(0x1000, 0, 8);  // another device
  EXPECT_EQ(b.atc(), "1000/12");
  b.InvalidateDevice(0x1000, 0);
  EXPECT_EQ(b.Access(0x1000), "B+0");
}

TEST(TranslationUnit, TheIotlbAnswersTheDevice) {
  Bench b(WithAtc(), kOld);
  b.Map(k1G, 30, kA);
  b.Access(k1G);
  EXPECT_EQ(b.iotlb(), "40000000/30");
  EXPECT_EQ(b.atc(), "40000000/21");
  b.InvalidateDevice(0, 52);
  EXPECT_EQ(b.atc(), "");
  EXPECT_EQ(b.Access(k1G + 5 * k2M), "cached A+a00000");
  EXPECT_EQ(b.atc(), "40a00000/21");
  // Also by what it should not say any more, piece by piece.
  b.Map(k1G, 30, kB);
  b.InvalidateDevice(0, 52);
  EXPECT_EQ(b.Access(k1G + 7 * k2M + 5, 2 * k2M),
            "old A+e00005, old A+1000000, old A+1200000");
  EXPECT_EQ(b.atc(), "40e00000/21 41000000/21 41200000/21");
  // Invalidated in the wrong order, the device's cache comes back.
  b.InvalidateDevice(0, 52);
  EXPECT_EQ(b.Access(k1G), "old A+0");
  b.InvalidatePages(k1G, 18);
  EXPECT_EQ(b.iotlb(), "");
  EXPECT_EQ(b.Access(k1G), "old A+0");
}

TEST(TranslationUnit, PointersAreKeptByTheirSpan) {
  Bench b(WithWalk(), kOld);
  b.Map(k1G, 12, kA);
  b.Map(k1G + 0x1000, 12, kA + 0x1000);
  b.Access(k1G);
  // Of 512 GiB, 1 GiB and 2 MiB: VT-d with 48 bits.
  EXPECT_EQ(b.walk(), "0/39 40000000/21 40000000/30");
  b.InvalidatePages(k1G, 0, /*leaf_only=*/true);
  EXPECT_EQ(b.iotlb(), "");
  EXPECT_EQ(b.walk(), "0/39 40000000/21 40000000/30");
  EXPECT_EQ(b.Access(k1G + 0x1000), "A+1000");
  b.InvalidatePages(k1G, 0, /*leaf_only=*/false);
  EXPECT_EQ(b.walk(), "") << "each spans the page";
  // A superpage is found above the last table.
  b.Map(0x80000000, 21, kA);
  b.Access(0x80000000);
  EXPECT_EQ(b.walk(), "0/39 80000000/30");
  // A device has no pointers.
  b.InvalidateDevice(0, 52);
  EXPECT_EQ(b.walk(), "0/39 80000000/30");
}

TEST(TranslationUnit, AFreedTableIsReadAsEmptyOrNotAtAll) {
  for (const auto mode : {kOld, kNew}) {
    const bool old = mode == kOld;
    Bench b(WithWalk(), mode);
    b.Map(k2M, 12, kA);
    b.Access(k2M);
    b.Unmap(k2M, k2M, FreeTables::kCovered);
    b.InvalidatePages(k2M, 9, /*leaf_only=*/true);  // its driver is wrong
    ASSERT_EQ(b.table().KindOf(1, k2M), EntryKind::kAbsent);
    EXPECT_EQ(b.walk(), "0/30 0/39 200000/21");
    b.Map(k2M, 21, kB);
    EXPECT_EQ(b.Access(k2M), old ? "old not_present at level 0" : "B+0");
    EXPECT_EQ(b.iotlb(), old ? "" : "200000/21");
    EXPECT_EQ(b.unit().window.choices, 1u);
    EXPECT_EQ(b.walk(), old ? "0/30 0/39 200000/21" : "0/30 0/39");
    b.InvalidatePages(k2M, 9);
    EXPECT_EQ(b.Access(k2M), old ? "B+0" : "B+0");
  }
}

TEST(TranslationUnit, AFreedTableThatIsThereAgainIsTheSame) {
  Bench b(WithWalk(), kOld);
  b.Map(k2M, 12, kA);
  b.Access(k2M);
  b.Unmap(k2M, k2M, FreeTables::kCovered);
  b.InvalidatePages(k2M, 9, /*leaf_only=*/true);
  b.Map(k2M, 12, kB);
  EXPECT_EQ(b.Access(k2M), "B+0");
}

TEST(TranslationUnit, ALongAccessMeetsAFreedTableOnItsWay) {
  Bench b(WithWalk(), kOld);
  b.Map(k2M, 12, kA);
  b.Access(k2M);
  b.Unmap(k2M, k2M, FreeTables::kCovered);
  b.InvalidatePages(k2M, 9, /*leaf_only=*/true);
  b.MapPages(0, 2 * k2M - 1, kB, 21);
  EXPECT_EQ(b.Access(0, 2 * k2M), "B+0, old not_present at level 0");
  b.unit().window.mode = kNew;
  EXPECT_EQ(b.Access(0, 2 * k2M), "cached B+0, B+200000");
}

TEST(FindStale, TheLowestRunThatTheTablesContradict) {
  Stores stores;
  Trace trace;
  Sink sink(&stores, &trace);
  sink.Begin(1, kNoEventIndex);
  sink.SetCause(sink.Emit(Kind::kStep, Actor::kScript, Rule::kNone,
                          {sink.Intern("step"), sink.Intern("step")}));
  PageTable table(FindFormat("vtd4"));
  MapArgs args{.first = 0, .last = k2M - 1, .address = kA};
  ASSERT_EQ(table.Map(args), MapStatus::kOk);
  const auto add = [&](StoreKind kind, int shift, uint64_t first, uint64_t last,
                       uint64_t target, uint32_t perm = 3) {
    Entry e;
    e.first = first;
    e.last = last;
    e.target = target;
    e.perm = perm;
    sink.Add({kind, static_cast<uint8_t>(shift)}, e, Rule::kIommuCached,
             Actor::kIommu);
  };
  const auto stale = [&](uint64_t first, uint64_t last) {
    const auto found = FindStale(stores, table, first, last);
    return found ? absl::StrCat(absl::Hex(found->run.first)) : "none";
  };
  add(StoreKind::kHwIotlb, 12, 0x1000, 0x3fff, kA + 0x1000);
  add(StoreKind::kHwIotlb, 12, 0x7000, 0x7fff, kA + 0x7000, 1);  // narrower
  EXPECT_EQ(stale(0, UINT64_MAX), "none");
  add(StoreKind::kHwIotlb, 12, 0x9000, 0x9fff, kA);  // elsewhere
  add(StoreKind::kAtc, 21, 0, k2M - 1, kA);          // many leaves, all right
  EXPECT_EQ(stale(0, UINT64_MAX), "9000");
  EXPECT_EQ(stale(0x9500, 0x9500), "9000");
  EXPECT_EQ(stale(0, 0x8fff), "none");
  // A hole within a superpage, and permission that is no more.
  table.Unmap(0x100000, 0x100fff, PartialLeaf::kSplit, FreeTables::kNone);
  EXPECT_EQ(stale(0x100000, 0x100000), "0");
  args = {.first = 0x2000, .last = 0x2fff, .address = kA + 0x2000, .perm = 1};
  ASSERT_EQ(table.Map(args), MapStatus::kOk);
  EXPECT_EQ(stale(0x1000, 0x2fff), "1000");
  // Pointers are no translations.
  add(StoreKind::kWalkCache, 21, 0x600000, 0x7fffff, 0x5000);
  EXPECT_EQ(stale(0x600000, 0x7fffff), "none");
}

// 2^40 bytes by leaves of 4 KiB are 2^28 accesses of leaves; the IOTLB's
// evictions count those that are made. Every cache ends with the last ones.
TEST(TranslationUnit, AnAccessCostsWhatTheCachesHold) {
  for (const UnitShape& shape :
       {UnitShape(),
        UnitShape{.walk = IotlbShapeOf("walk"), .atc = IotlbShapeOf("atc")},
        UnitShape{.iotlb = IotlbShapeOf("qemu_vtd")}}) {
    Bench b(shape, kOld);
    b.MapPages(0, (uint64_t{1} << 40) - 1, kA, 12);
    EXPECT_EQ(b.Access(0, uint64_t{1} << 40), "A+0");
    // A walk cache is gone around by pages of 2 MiB.
    const bool walks = shape.walk.shifts != ShiftBit(63);
    EXPECT_LE(b.unit().caches.iotlb.evictions(), walks ? 3 * 32 * 512 : 6000);
    EXPECT_EQ(b.unit().caches.iotlb.size(),
              shape.iotlb.sets * shape.iotlb.ways);
    for (const IotlbEntry& e : b.unit().caches.iotlb.Entries()) {
      EXPECT_GE(e.first, (uint64_t{1} << 40) - uint64_t{shape.iotlb.sets} *
                                                   shape.iotlb.ways * 4096);
    }
  }
}

// A walk cache is in the state of the page-by-page one after GiBs, of which
// most are skipped: wherever they end, on a table's border or after it.
TEST(TranslationUnit, LongAccessesLeavePointersAsPageByPage) {
  for (const char* like : {"walk", "iotlb"}) {
    for (const uint64_t more : {0, 0x1ff000, 0x3234000, 0x3ff00000}) {
      const UnitShape shape{.walk = IotlbShapeOf(like)};
      ASSERT_TRUE(CheckUnitShape(shape).ok());
      Bench b(shape, kOld);
      const uint64_t first = k1G + 0x123000, last = (3 * k1G + more) | 0xfff;
      b.MapPages(first, last, kA, 12);
      b.Access(first, last - first + 1);
      SlowUnit slow(shape, 7);
      slow.Access(b.table(), first, last, kAccessRead);
      EXPECT_EQ(b.walk(), Bench::Text(slow.caches.walk)) << like << more;
      EXPECT_EQ(b.iotlb(), Bench::Text(slow.caches.iotlb)) << like << more;
    }
  }
}

// How often such a cache is emptied depends on what the pointers are for, so
// that no stretch of an access is like another.
TEST(UnitShape, AWalkCacheIsNeverEmptied) {
  EXPECT_FALSE(CheckUnitShape({.walk = IotlbShapeOf("qemu_vtd")}).ok());
  EXPECT_TRUE(CheckUnitShape({.iotlb = IotlbShapeOf("qemu_vtd")}).ok());
}

}  // namespace
}  // namespace iovalab
