#include "model/store/stores.h"

#include <vector>

#include "gtest/gtest.h"

namespace iovalab {
namespace {

constexpr StoreId kTree{StoreKind::kIovaHva, 0};
constexpr StoreId kIotlb0{StoreKind::kVhostIotlb, 0};
constexpr StoreId kIotlb1{StoreKind::kVhostIotlb, 1};

Delta Change(StoreId store, DeltaOp op, const Entry& entry) {
  Delta d;
  d.store = store;
  d.op = op;
  d.entry = entry;
  return d;
}

Entry At(uint64_t first, uint64_t last, uint64_t target) {
  return {first, last, target, 0, kPermRead, 0};
}

TEST(StoresTest, AddSetDelete) {
  Stores stores;
  stores.Apply(Change(kTree, DeltaOp::kAdd, At(0x1000, 0x1fff, 5)), 9);
  ASSERT_TRUE(stores.Get(kTree).Find(0x1800).has_value());
  EXPECT_EQ(stores.Get(kTree).Find(0x1800)->born, 9u);
  Delta set = Change(kTree, DeltaOp::kSet, At(0x1000, 0x1fff, 6));
  set.old_target = 5;
  set.old_perm = kPermRead;
  stores.Apply(set, 10);
  EXPECT_EQ(stores.Get(kTree).Find(0x1000)->target, 6u);
  EXPECT_EQ(stores.Get(kTree).Find(0x1000)->born, 10u);
  stores.Apply(Change(kTree, DeltaOp::kDel, At(0x1000, 0x1fff, 6)));
  EXPECT_TRUE(stores.Get(kTree).empty());
  EXPECT_EQ(stores.fingerprint(), 0u);
}

TEST(StoresTest, TheFingerprintIsOfTheContentsAlone) {
  const Delta a = Change(kTree, DeltaOp::kAdd, At(0x1000, 0x1fff, 5));
  const Delta b = Change(kIotlb0, DeltaOp::kAdd, At(0x1000, 0x1fff, 5));
  Stores x, y;
  x.Apply(a, 1);
  x.Apply(b, 2);
  y.Apply(b, 3);
  y.Apply(a, 4);
  EXPECT_EQ(x.fingerprint(), y.fingerprint());
  EXPECT_TRUE(SameContents(x, y));
  y.Apply(Inverse(a));
  EXPECT_NE(x.fingerprint(), y.fingerprint());
  EXPECT_FALSE(SameContents(x, y));
  EXPECT_FALSE(SameContents(y, x));
}

TEST(StoresTest, EveryPartOfAnEntryCounts) {
  const Entry base = {0x1000, 0x1fff, 0x2000, 3, kPermRead, 0};
  std::vector<Delta> all = {Change(kIotlb0, DeltaOp::kAdd, base),
                            Change(kIotlb1, DeltaOp::kAdd, base),
                            Change(kTree, DeltaOp::kAdd, base)};
  for (int part = 0; part < 5; ++part) {
    Entry e = base;
    if (part == 0) e.first -= 1;
    if (part == 1) e.last += 1;
    if (part == 2) e.target += 1;
    if (part == 3) e.tag += 1;
    if (part == 4) e.perm += 1;
    all.push_back(Change(kIotlb0, DeltaOp::kAdd, e));
  }
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t j = 0; j < all.size(); ++j) {
      Stores x, y;
      x.Apply(all[i]);
      y.Apply(all[j]);
      EXPECT_EQ(x.fingerprint() == y.fingerprint(), i == j);
      EXPECT_EQ(SameContents(x, y), i == j);
    }
  }
}

TEST(StoresTest, ARunIsItsSingleChanges) {
  Delta run = Change(kIotlb0, DeltaOp::kAdd, At(0, 0xfff, 0x100000));
  run.count = 5;
  run.key_stride = 0x2000;
  run.target_stride = 0x1000;
  Stores at_once, one_by_one;
  EXPECT_TRUE(at_once.Fits(run));
  at_once.Apply(run);
  for (uint64_t i = 0; i < 5; ++i) one_by_one.Apply(NthOf(run, i));
  EXPECT_TRUE(SameContents(at_once, one_by_one));
  EXPECT_EQ(at_once.fingerprint(), one_by_one.fingerprint());
  EXPECT_EQ(at_once.Get(kIotlb0).Find(0x8000)->target, 0x104000u);
  EXPECT_FALSE(at_once.Fits(run));
  at_once.Apply(Inverse(run));
  EXPECT_EQ(at_once.fingerprint(), 0u);
}

TEST(StoresTest, FitsOnlyWhatApplyWouldTake) {
  Stores stores;
  stores.Apply(Change(kTree, DeltaOp::kAdd, At(0x1000, 0x2fff, 5)));
  EXPECT_TRUE(stores.Fits(Change(kTree, DeltaOp::kAdd, At(0, 0xfff, 5))));
  EXPECT_TRUE(
      stores.Fits(Change(kIotlb0, DeltaOp::kAdd, At(0x1000, 1 << 20, 5))));
  EXPECT_FALSE(stores.Fits(Change(kTree, DeltaOp::kAdd, At(0, 0x1000, 5))));
  EXPECT_FALSE(
      stores.Fits(Change(kTree, DeltaOp::kAdd, At(0x2fff, 0x3fff, 5))));
  EXPECT_TRUE(stores.Fits(Change(kTree, DeltaOp::kDel, At(0x1000, 0x2fff, 5))));
  EXPECT_FALSE(
      stores.Fits(Change(kTree, DeltaOp::kDel, At(0x1000, 0x2fff, 6))));
  EXPECT_FALSE(
      stores.Fits(Change(kTree, DeltaOp::kDel, At(0x1000, 0x1fff, 5))));
  Delta set = Change(kTree, DeltaOp::kSet, At(0x1000, 0x2fff, 6));
  set.old_perm = kPermRead;
  EXPECT_FALSE(stores.Fits(set));
  set.old_target = 5;
  EXPECT_TRUE(stores.Fits(set));
}

// Counts that would take years to go through must not.
TEST(StoresTest, AnUnsoundRunFitsNothing) {
  Delta run = Change(kTree, DeltaOp::kAdd, At(0, 0, 0));
  run.count = UINT64_MAX;
  run.key_stride = 2;
  EXPECT_FALSE(Stores().Fits(run));
}

}  // namespace
}  // namespace iovalab
