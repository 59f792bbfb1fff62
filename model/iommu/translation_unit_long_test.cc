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

IotlbShape Shape(absl::string_view like, uint32_t sets, uint32_t ways) {
  IotlbShape shape = IotlbShapeOf(like);
  shape.sets = sets;
  shape.ways = ways;
  return shape;
}

uint64_t Entries(const Iotlb& cache) {
  return uint64_t{cache.shape().sets} * cache.shape().ways;
}

// 2^44 bytes are 2^32 leaves of 4 KiB, 2^14 of 1 GiB, which a device's cache
// asks for in 2^23 pieces; evictions count those that are made. Every cache
// ends with the last ones.
TEST(TranslationUnit, AnAccessCostsWhatTheCachesHold) {
  constexpr uint64_t kLength = uint64_t{1} << 44;
  const IotlbShape large = Shape("iotlb", 64, 64);
  const IotlbShape walk = Shape("walk", 1024, 4);
  const UnitShape kShapes[] = {
      {},
      {.walk = IotlbShapeOf("walk"), .atc = IotlbShapeOf("atc")},
      {.iotlb = IotlbShapeOf("qemu_vtd")},
      {.iotlb = large, .walk = walk, .atc = Shape("atc", 64, 64)},
      {.walk = walk, .atc = Shape("qemu_vtd", 1, 4096)},
      {.iotlb = IotlbShapeOf("none"), .walk = walk},
  };
  for (const UnitShape& shape : kShapes) {
    for (const int leaf : {12, 21, 30}) {
      SCOPED_TRACE(absl::StrCat(&shape - kShapes, " leaf ", leaf));
      ASSERT_TRUE(CheckUnitShape(shape).ok());
      UnitBench b(shape, kOld);
      b.MapPages(0, kLength - 1, kA, leaf);
      EXPECT_EQ(b.Access(0, kLength), "A+0");
      const auto cheap = [&](const Iotlb& cache, int above) {
        const auto kept = KeptShift(cache.shape(), leaf);
        EXPECT_LE(cache.evictions(), 5 * Entries(cache) + above);
        if (!kept || cache.shape().shifts >> 48 != 0) return;
        EXPECT_EQ(cache.size(), Entries(cache));
        for (const IotlbEntry& e : cache.Entries()) {
          EXPECT_GE(e.first, kLength - (Entries(cache) << *kept));
        }
      };
      cheap(b.unit().caches.iotlb, 0);
      for (auto& device : b.unit().caches.devices) cheap(device.atc, 0);
      cheap(b.unit().caches.walk, 600);
      // As much again of what is in part there.
      EXPECT_EQ(b.Access(0x1000, kLength - 0x2000).substr(0, 2), "A+");
      EXPECT_LE(b.unit().caches.iotlb.evictions(),
                12 * Entries(b.unit().caches.iotlb));
    }
  }
}

// Every cache is in the state of the page-by-page one after GiBs, of which most
// are skipped: wherever they end, on a table's border or after it.
TEST(TranslationUnit, LongAccessesLeaveCachesAsPageByPage) {
  const UnitShape kShapes[] = {
      {.walk = IotlbShapeOf("walk")},
      {.walk = IotlbShapeOf("iotlb")},
      {.iotlb = IotlbShapeOf("none"), .walk = IotlbShapeOf("walk")},
      {.iotlb = IotlbShapeOf("walk"), .walk = Shape("walk", 4, 1)},
      {.iotlb = Shape("iotlb", 1, 3),
       .walk = Shape("walk", 1, 2),
       .atc = Shape("qemu_vtd", 1, 64)},
  };
  for (const UnitShape& shape : kShapes) {
    for (const uint64_t more : {0, 0x1ff000, 0x3234000, 0x3ff00000}) {
      SCOPED_TRACE(absl::StrCat(&shape - kShapes, " ", more));
      ASSERT_TRUE(CheckUnitShape(shape).ok());
      UnitBench b(shape, kOld);
      const uint64_t first = k1G + 0x123000, last = (3 * k1G + more) | 0xfff;
      b.MapPages(first, last, kA, 12);
      b.Access(first, last - first + 1);
      SlowUnit slow(shape, 7);
      slow.Access(b.table(), first, last, kAccessRead);
      EXPECT_EQ(b.walk(), UnitBench::Text(slow.caches.walk));
      EXPECT_NE(b.walk(), "");
      EXPECT_EQ(b.iotlb(), UnitBench::Text(slow.caches.iotlb));
      if (!shape.atc) continue;
      EXPECT_EQ(b.atc(), UnitBench::Text(slow.caches.devices[0].atc));
    }
  }
}

}  // namespace
}  // namespace iovalab
