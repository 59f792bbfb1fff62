// TranslationUnit: which of caches and tables an access is translated by, and
// what is cached afterwards, case by case. Against a slow one:
// translation_unit_random_test.cc.

#include "model/iommu/translation_unit.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "model/event/trace.h"
#include "model/iommu/translation_unit_testing.h"

namespace iovalab {
namespace {

constexpr uint64_t k2M = kUnit2M, k1G = kUnit1G;
constexpr uint64_t kA = kUnitA, kB = kUnitB;

constexpr auto kOld = StaleWindow::Mode::kOld;
constexpr auto kNew = StaleWindow::Mode::kNew;

UnitShape Iotlb16() { return {}; }
UnitShape WithWalk() { return {.walk = IotlbShapeOf("walk")}; }
UnitShape WithAtc() { return {.atc = IotlbShapeOf("atc")}; }

TEST(TranslationUnit, HitsWhatItMissedBefore) {
  UnitBench b(Iotlb16(), kOld);
  b.Map(0x1000, 12, kA);
  EXPECT_EQ(b.Access(0x1008), "A+8");
  EXPECT_EQ(b.Access(0x1ff0), "cached A+ff0");
  EXPECT_EQ(b.iotlb(), "1000/12");
  EXPECT_EQ(b.unit().window.choices, 0u);
}

TEST(TranslationUnit, UsesTheOldOrTheNewUntilInvalidated) {
  for (const auto mode : {kOld, kNew}) {
    const bool old = mode == kOld;
    UnitBench b(Iotlb16(), mode);
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
    UnitBench b(shape, kOld);
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
  UnitBench b(Iotlb16(), kOld);
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
    UnitBench b({.iotlb = IotlbShapeOf(c.like)}, kOld);
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
    UnitBench b(shape, kOld);
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
  UnitBench b(Iotlb16(), kOld);
  b.Map(k2M + 0x5000, 12, kA);
  b.Access(k2M + 0x5000);
  b.Map(k2M, 21, kB);
  EXPECT_EQ(b.Access(k2M, k2M), "B+0, old A+0, cached B+6000");
  b.unit().window.mode = kNew;
  EXPECT_EQ(b.Access(k2M, k2M), "cached B+0, cached B+5000");
}

TEST(TranslationUnit, TheDeviceAsksItsOwnCacheFirst) {
  UnitBench b(WithAtc(), kOld);
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
  UnitBench b(WithAtc(), kOld);
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
  UnitBench b(WithWalk(), kOld);
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

// Whatever the caches of translations keep.
TEST(TranslationUnit, PointersAreKeptWhereLeavesAreNot) {
  for (const char* like : {"none", "walk"}) {
    UnitBench b({.iotlb = IotlbShapeOf(like), .walk = IotlbShapeOf("walk")},
                kOld);
    b.MapPages(k1G, k1G + 2 * k2M - 1, kA, 12);
    EXPECT_EQ(b.Access(k1G), "A+0");
    EXPECT_EQ(b.iotlb(), "") << like;
    EXPECT_EQ(b.walk(), "0/39 40000000/21 40000000/30") << like;
    EXPECT_EQ(b.Access(k1G, 2 * k2M), "A+0");
    EXPECT_EQ(b.walk(), "0/39 40000000/21 40000000/30 40200000/21") << like;
    // A freed table in the middle of a leaf stops who walks for each page.
    b.Unmap(k1G, 2 * k2M, FreeTables::kCovered);
    b.Map(k1G, 30, kB);
    b.InvalidatePages(k1G, 9);
    b.unit().window.mode = kOld;
    const bool keeps = std::string(like) == "walk";  // the leaf of 1 GiB
    EXPECT_EQ(b.Access(k1G, 2 * k2M),
              keeps ? "B+0" : "B+0, old not_present at level 0")
        << like;
  }
}

TEST(TranslationUnit, AFreedTableIsReadAsEmptyOrNotAtAll) {
  for (const auto mode : {kOld, kNew}) {
    const bool old = mode == kOld;
    UnitBench b(WithWalk(), mode);
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
  UnitBench b(WithWalk(), kOld);
  b.Map(k2M, 12, kA);
  b.Access(k2M);
  b.Unmap(k2M, k2M, FreeTables::kCovered);
  b.InvalidatePages(k2M, 9, /*leaf_only=*/true);
  b.Map(k2M, 12, kB);
  EXPECT_EQ(b.Access(k2M), "B+0");
}

TEST(TranslationUnit, ALongAccessMeetsAFreedTableOnItsWay) {
  UnitBench b(WithWalk(), kOld);
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
  // Pointers to tables that are there, and that are not; several may be one
  // run.
  args = {.first = 0x600000, .last = 0x9fffff, .address = kB, .size_bits = 12};
  ASSERT_EQ(table.Map(args), MapStatus::kOk);
  add(StoreKind::kWalkCache, 21, 0x600000, 0xbfffff, 0x5000);
  EXPECT_EQ(stale(0x600000, 0x9fffff), "none");
  EXPECT_EQ(stale(0x600000, 0xafffff), "a00000");
  table.Unmap(0x600000, 0x9fffff, PartialLeaf::kDrop, FreeTables::kCovered);
  EXPECT_EQ(stale(0x7ff000, 0x9fffff), "600000");
  EXPECT_EQ(stale(0x800000, 0xbfffff), "800000");
  // A leaf is no table; a table of its own in its place is where it was.
  args = {.first = 0x600000, .last = 0x7fffff, .address = kB, .size_bits = 21};
  ASSERT_EQ(table.Map(args), MapStatus::kOk);
  EXPECT_EQ(stale(0x600000, 0x600000), "600000");
  args = {.first = 0x800000, .last = 0x800fff, .address = kA, .size_bits = 12};
  ASSERT_EQ(table.Map(args), MapStatus::kOk);
  EXPECT_EQ(stale(0x800000, 0x9fffff), "none");
}

// How often such a cache is emptied depends on what the pointers are for, so
// that no stretch of an access is like another.
TEST(UnitShape, AWalkCacheIsNeverEmptied) {
  EXPECT_FALSE(CheckUnitShape({.walk = IotlbShapeOf("qemu_vtd")}).ok());
  EXPECT_TRUE(CheckUnitShape({.iotlb = IotlbShapeOf("qemu_vtd")}).ok());
}

}  // namespace
}  // namespace iovalab
