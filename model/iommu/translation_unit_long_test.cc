// Long accesses: they cost what the caches hold, and leave them as page by
// page.

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "model/iommu/translation_unit.h"
#include "model/iommu/translation_unit_slow.h"
#include "model/iommu/translation_unit_testing.h"

namespace iovalab {
namespace {

constexpr uint64_t k1G = kUnit1G, kA = kUnitA;
constexpr auto kOld = StaleWindow::Mode::kOld;

// 2^40 bytes by leaves of 4 KiB are 2^28 accesses of leaves; the IOTLB's
// evictions count those that are made. Every cache ends with the last ones.
TEST(TranslationUnit, AnAccessCostsWhatTheCachesHold) {
  for (const UnitShape& shape :
       {UnitShape(),
        UnitShape{.walk = IotlbShapeOf("walk"), .atc = IotlbShapeOf("atc")},
        UnitShape{.iotlb = IotlbShapeOf("qemu_vtd")}}) {
    UnitBench b(shape, kOld);
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
      UnitBench b(shape, kOld);
      const uint64_t first = k1G + 0x123000, last = (3 * k1G + more) | 0xfff;
      b.MapPages(first, last, kA, 12);
      b.Access(first, last - first + 1);
      SlowUnit slow(shape, 7);
      slow.Access(b.table(), first, last, kAccessRead);
      EXPECT_EQ(b.walk(), UnitBench::Text(slow.caches.walk)) << like << more;
      EXPECT_EQ(b.iotlb(), UnitBench::Text(slow.caches.iotlb)) << like << more;
    }
  }
}

}  // namespace
}  // namespace iovalab
