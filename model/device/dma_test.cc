#include "model/device/dma.h"

#include <vector>

#include "gtest/gtest.h"
#include "model/device/vdpa_device.h"

namespace iovalab {
namespace {

constexpr StoreId kDevice{StoreKind::kDevice, 0};

// A host of one object of 16 pages in chunks of one page that do not touch, and
// a PA device that maps IOVA 0x10000 to its first two pages, read-write, and
// 0x20000 to the third, read-only.
class DmaTest : public testing::Test {
 protected:
  DmaTest() {
    MemoryObject object;
    object.name = "ram";
    object.size = 0x10000;
    object.layout.push_back({0, 0xffff, 0x1000, Hpa(0x100000), 0x2000});
    EXPECT_TRUE(host_.AddObject(object).ok());
    Add(0x10000, 0x100000, kPermReadWrite, 0);
    Add(0x11000, 0x102000, kPermReadWrite, 0);
    Add(0x20000, 0x104000, kPermRead, 0);
  }

  void Add(uint64_t iova, uint64_t target, uint32_t perm, uint64_t tag) {
    Delta delta;
    delta.store = kDevice;
    delta.entry = {iova, iova + 0xfff, target, tag, perm, 0};
    stores_.Apply(delta);
  }

  std::vector<DmaPiece> Access(uint64_t iova, uint64_t length, bool write) {
    std::vector<DmaPiece> pieces;
    DmaAccess(sink_, 0, iova, length, write, DeviceProfile(), {}, host_,
              &pieces);
    return pieces;
  }

  HostMemory host_;
  Stores stores_;
  Sink sink_{&stores_};
};

// Two chunks of one object, one after the other: one piece.
TEST_F(DmaTest, JoinsWhatFollowsInTheObject) {
  const std::vector<DmaPiece> pieces = Access(0x10e00, 0x400, true);
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(pieces[0].fault, FaultReason::kNone);
  EXPECT_EQ(pieces[0].length, 0x400u);
  EXPECT_EQ(pieces[0].hpa, 0x100e00u);
  EXPECT_EQ(pieces[0].memory, (ObjectOffset{0, 0xe00}));
}

// Recorded A-simblk seq/dma_crossing_mapping_end: nothing moves.
TEST_F(DmaTest, MovesNothingWhenTheEndFaults) {
  const std::vector<DmaPiece> pieces = Access(0x11e00, 0x400, true);
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(pieces[0].fault, FaultReason::kNotPresent);
  EXPECT_EQ(pieces[0].iova, 0x12000u) << "the first byte that faults";
  EXPECT_EQ(pieces[0].length, 0x200u);
}

TEST_F(DmaTest, AsksForThePermission) {
  EXPECT_EQ(Access(0x20000, 1, false)[0].fault, FaultReason::kNone);
  EXPECT_EQ(Access(0x20000, 1, true)[0].fault, FaultReason::kPermission);
}

TEST_F(DmaTest, PassthroughReachesWhereNoObjectIs) {
  Add(0x900000, 0x900000, kPermReadWrite, kPassthrough);
  const std::vector<DmaPiece> pieces = Access(0x900000, 8, true);
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(pieces[0].rule, Rule::kDevIdentity);
  EXPECT_FALSE(pieces[0].memory.has_value());
}

// Hardware behind the platform's IOMMU: IOVA 0x10000 and 0x11000 to pages of
// the object, the second read-only, and pages on both sides of the MSI window
// and in it.
class PlatformDmaTest : public DmaTest {
 protected:
  PlatformDmaTest() {
    Map(0x10000, 0x100000, kPermReadWrite);
    Map(0x11000, 0x102000, kPermRead);
    Map(kMsiFirst - 0x1000, 0x104000, kPermReadWrite);
    Map(kMsiFirst, 0x106000, kPermReadWrite);
    Map(kMsiLast - 0xfff, 0x108000, kPermReadWrite);
    Map(kMsiLast + 1, 0x10a000, kPermReadWrite);
  }
  void Map(uint64_t iova, uint64_t hpa, uint32_t perm) {
    Delta delta;
    delta.store = {StoreKind::kIommu, 0};
    delta.entry = {iova, iova + 0xfff, hpa, 0, perm, 0};
    stores_.Apply(delta);
    EXPECT_EQ(table_.Map({.first = iova,
                          .last = iova + 0xfff,
                          .address = hpa,
                          .perm = perm}),
              MapStatus::kOk);
  }
  struct Piece {
    uint64_t iova, length;
    FaultReason fault;
    bool absorbed;
    uint64_t hpa;
    friend bool operator==(const Piece&, const Piece&) = default;
  };
  std::vector<Piece> Access(uint64_t iova, uint64_t length, bool write) {
    std::vector<DmaPiece> pieces;
    DmaAccess(sink_, 0, iova, length, write, *FindDeviceProfile("vp_vdpa"),
              platform_, host_, &pieces);
    std::vector<Piece> plain;
    for (const DmaPiece& p : pieces) {
      plain.push_back({p.iova, p.length, p.fault, p.absorbed, p.hpa});
    }
    return plain;
  }
  static constexpr FaultReason kNo = FaultReason::kNone;

  PageTable table_{FindFormat("vtd3")};
  TranslationUnit unit_;
  PlatformIommu platform_{.table = &table_, .unit = &unit_};
};

// Recorded A-vp-platform-iommu seq/dma_crossing_mapping_end.
TEST_F(PlatformDmaTest, WhatComesBeforeTheFaultHasHappened) {
  EXPECT_EQ(Access(0x10e00, 0x400, true),
            (std::vector<Piece>{
                {0x10e00, 0x200, kNo, false, 0x100e00},
                {0x11000, 0x200, FaultReason::kPermission, false, 0}}));
  EXPECT_EQ(Access(0x11e00, 0x10000, false),
            (std::vector<Piece>{
                {0x11e00, 0x200, kNo, false, 0x102e00},
                {0x12000, 0xfe00, FaultReason::kNotPresent, false, 0}}));
}

TEST_F(PlatformDmaTest, FaultsPastItsWidth) {
  EXPECT_EQ(Access(uint64_t{1} << 39, 8, false)[0].fault,
            FaultReason::kAddressWidth);
  EXPECT_EQ(Access((uint64_t{1} << 39) - 8, 8, false)[0].fault,
            FaultReason::kNotPresent);
}

TEST_F(PlatformDmaTest, WritesToTheMsiWindowReachNoMemory) {
  EXPECT_EQ(
      Access(kMsiFirst - 0x100, 0x200, true),
      (std::vector<Piece>{{kMsiFirst - 0x100, 0x100, kNo, false, 0x104f00},
                          {kMsiFirst, 0x100, kNo, true, 0}}));
  EXPECT_EQ(Access(kMsiLast - 0xff, 0x200, true),
            (std::vector<Piece>{{kMsiLast - 0xff, 0x100, kNo, true, 0},
                                {kMsiLast + 1, 0x100, kNo, false, 0x10a000}}));
  EXPECT_EQ(Access(kMsiFirst, 4, false),
            (std::vector<Piece>{
                {kMsiFirst, 4, FaultReason::kInterruptRange, false, 0}}));
}

// Of what stopped it: the entry and its level.
TEST_F(PlatformDmaTest, TellsWhereTheWalkEnded) {
  std::vector<DmaPiece> pieces;
  const DeviceProfile device = *FindDeviceProfile("vp_vdpa");
  DmaAccess(sink_, 0, 0x11000, 8, true, device, platform_, host_, &pieces);
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(pieces[0].walk.reason, IommuFault::kPermission);
  EXPECT_EQ(pieces[0].walk.native_code, 5u);
  EXPECT_EQ(pieces[0].walk.level, 0);
  EXPECT_EQ(pieces[0].walk.pte, 0x102001u);
  pieces.clear();
  DmaAccess(sink_, 0, 0x40000000, 8, false, device, platform_, host_, &pieces);
  EXPECT_EQ(pieces[0].walk.reason, IommuFault::kNotPresent);
  EXPECT_EQ(pieces[0].walk.level, 2) << "no table for this GiB";
}

// What the IOMMU knows of the device comes first; interrupts before that.
TEST_F(PlatformDmaTest, AsksTheContextFirst) {
  DeviceContext context;
  platform_.context = &context;
  const DeviceProfile device = *FindDeviceProfile("vp_vdpa");
  std::vector<DmaPiece> pieces;
  const auto access = [&](uint64_t iova, uint64_t length) {
    pieces.clear();
    DmaAccess(sink_, 0, iova, length, true, device, platform_, host_, &pieces);
  };
  access(0x10e00, 0x400);
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(pieces[0].fault, FaultReason::kContext);
  EXPECT_EQ(pieces[0].length, 0x400u) << "all of it, from the first byte";
  EXPECT_EQ(pieces[0].walk.reason, IommuFault::kNoContext);
  EXPECT_EQ(pieces[0].place, FaultPlace::kContext);
  access(kMsiFirst, 4);
  EXPECT_TRUE(pieces[0].absorbed);
  // Physical addresses: the object's first page, and where nothing is.
  context.kind = ContextKind::kIdentity;
  access(0x100e00, 0x400);
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(pieces[0].via, DmaVia::kIdentity);
  EXPECT_EQ(pieces[0].hpa, 0x100e00u);
  EXPECT_EQ(pieces[0].memory, (ObjectOffset{0, 0xe00}));
  EXPECT_EQ(pieces[0].length, 0x200u);
  EXPECT_FALSE(pieces[1].memory.has_value());
  EXPECT_EQ(unit_.caches.iotlb.size(), 0u) << "no cache is asked";
  EXPECT_TRUE(unit_.caches.iotlb.size() == 0) << "no cache is asked";
  context.kind = ContextKind::kTranslated;
  context.second = {table_.counts().tables > 0 ? &table_.format() : nullptr, 0};
  access(0x10e00, 8);
  EXPECT_EQ(pieces[0].hpa, 0x100e00u);
  platform_.pasid = 5;
  access(0x10e00, 8);
  EXPECT_EQ(pieces[0].place, FaultPlace::kPasidDir);
}

// A damaged entry is followed as far as it spans; the pages beside it as ever.
TEST_F(PlatformDmaTest, FollowsDamage) {
  Map(0x12000, 0x104000, kPermReadWrite);
  ASSERT_TRUE(table_.Poison(0, 0x11000, 0x106003));
  Delta delta;
  delta.store = {StoreKind::kPoison, 0};
  delta.entry = {0x11000, 0x11fff, 0x106003, 0, kPermNone, 0};
  stores_.Apply(delta);
  EXPECT_EQ(Access(0x10f00, 0x1200, false),
            (std::vector<Piece>{{0x10f00, 0x100, kNo, false, 0x100f00},
                                {0x11000, 0x1000, kNo, false, 0x106000},
                                {0x12000, 0x100, kNo, false, 0x104000}}));
}

// The same in the middle of a run, where nothing else ends a piece.
TEST_F(PlatformDmaTest, FollowsDamageWithinARun) {
  Delta delta;
  delta.store = {StoreKind::kIommu, 0};
  delta.entry = {0x14000, 0x16fff, 0x900000, 0, kPermReadWrite, 0};
  stores_.Apply(delta);
  ASSERT_EQ(
      table_.Map({.first = 0x14000, .last = 0x16fff, .address = 0x900000}),
      MapStatus::kOk);
  ASSERT_TRUE(table_.Poison(0, 0x15000, 0x106003));
  delta.store = {StoreKind::kPoison, 0};
  delta.entry = {0x15000, 0x15fff, 0x106003, 0, kPermNone, 0};
  stores_.Apply(delta);
  EXPECT_EQ(Access(0x14f00, 0x1200, false),
            (std::vector<Piece>{{0x14f00, 0x100, kNo, false, 0x900f00},
                                {0x15000, 0x1000, kNo, false, 0x106000},
                                {0x16000, 0x100, kNo, false, 0x902000}}));
}

// Other machines than x86 have no such window.
TEST_F(PlatformDmaTest, WithoutAWindowItIsMemory) {
  platform_.msi_window = false;
  EXPECT_EQ(Access(kMsiFirst, 4, true),
            (std::vector<Piece>{{kMsiFirst, 4, kNo, false, 0x106000}}));
}

}  // namespace
}  // namespace iovalab
