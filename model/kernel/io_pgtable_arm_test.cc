#include "model/kernel/io_pgtable_arm.h"

#include <errno.h>
#include <gtest/gtest.h>

#include <map>

#include "model/iommu/lpae.h"
#include "model/iommu/page_table_source.h"
#include "sim/random.h"

namespace iovalab {
namespace {

constexpr uint64_t kPage = 0x1000;
constexpr uint64_t kBlock = 0x200000;

// One call after another on one table.
TEST(IoPgtableArm, Calls) {
  const Format f = LpaeFormat(2, 12, 48, 48);
  PageTable table(&f);
  const struct {
    bool map;
    uint64_t iova, paddr, size, count;
    int ret;
    uint64_t bytes;
    uint32_t warn, tlb_page, tlb_walk;
    uint64_t tables;  // after it
  } kCalls[] = {
      // A call ends with its table.
      {true, kBlock - kPage, 0x5000, kPage, 2, 0, kPage, 0, 0, 0, 4},
      {true, kBlock - kPage, 0x9000, kPage, 1, -EEXIST, 0, 1, 0, 0, 4},
      {true, kBlock, 0x40000000, kBlock, 1, 0, kBlock, 0, 0, 0, 4},
      {true, kBlock, 0x9000, kPage, 1, -EEXIST, 0, 1, 0, 0, 4},
      // A block takes the place of a table with pages.
      {true, 0, 0x80000000, kBlock, 1, 0, kBlock, 0, 0, 1, 3},
      // One page less: the block is split.
      {false, 0x7000, 0, kPage, 1, 0, kPage, 0, 1, 0, 4},
      {false, 0x7000, 0, kPage, 1, 0, 0, 1, 0, 0, 4},
      // What was done before a hole stays done.
      {false, 0x5000, 0, kPage, 4, 0, 2 * kPage, 1, 2, 0, 4},
      // A table goes as one.
      {false, 0, 0, kBlock, 1, 0, kBlock, 0, 0, 1, 3},
      {false, 0, 0, kBlock, 1, 0, 0, 1, 0, 0, 3},
      {true, 0, 1ull << 48, kPage, 1, -ERANGE, 0, 1, 0, 0, 3},
      {true, 1ull << 48, 0, kPage, 1, -ERANGE, 0, 1, 0, 0, 3},
      {true, 0, 0, 0x4000, 1, -EINVAL, 0, 1, 0, 0, 3},
      {false, 0, 0, 0, 1, 0, 0, 1, 0, 0, 3},
  };
  int i = 0;
  for (const auto& c : kCalls) {
    SCOPED_TRACE(i++);
    const IoPgtableResult r =
        c.map ? IoPgtableArmMap(table, c.iova, c.paddr, c.size, c.count, 3)
              : IoPgtableArmUnmap(table, c.iova, c.size, c.count);
    EXPECT_EQ(r.ret, c.ret);
    EXPECT_EQ(r.bytes, c.bytes);
    EXPECT_EQ(r.warn, c.warn);
    EXPECT_EQ(r.tlb_page, c.tlb_page);
    EXPECT_EQ(r.tlb_walk, c.tlb_walk);
    EXPECT_EQ(table.counts().tables, c.tables);
  }
}

// What the calls say they did is what hardware then finds, page by page.
TEST(IoPgtableArm, HardwareFindsWhatWasMapped) {
  for (const int stage : {1, 2}) {
    const Format f = LpaeFormat(stage, 12, 40, 40);
    PageTable table(&f);
    std::map<uint64_t, uint64_t> pages;
    sim::Random random(9, static_cast<uint64_t>(stage));
    for (int i = 0; i < 3000; ++i) {
      SCOPED_TRACE(i);
      const uint64_t size = random.Below(4) == 0 ? kBlock : kPage;
      const uint64_t iova = random.Below(4 * kBlock / size) * size;
      const uint64_t count = 1 + random.Below(size == kPage ? 40 : 2);
      const uint64_t paddr = random.Below(1024) * size;
      if (random.Below(2) == 0) {
        const IoPgtableResult r =
            IoPgtableArmMap(table, iova, paddr, size, count, 3);
        for (uint64_t at = 0; at < r.bytes; at += kPage)
          pages[iova + at] = paddr + at;
        // A refused block may have freed tables before it met the leaf.
        for (uint64_t at = 0; r.tlb_walk > 0 && at < count * size;
             at += kPage) {
          if (r.ret != 0 && IoPgtableArmPhys(table, iova + at) == 0)
            pages.erase(iova + at);
        }
      } else {
        const IoPgtableResult r = IoPgtableArmUnmap(table, iova, size, count);
        for (uint64_t at = 0; at < r.bytes; at += kPage) pages.erase(iova + at);
      }
      for (int k = 0; k < 20; ++k) {
        const uint64_t at = random.Below(5 * kBlock);
        const auto page = pages.find(at & ~(kPage - 1));
        const Walked w = WalkTable(table, at, {});
        ASSERT_EQ(w.ok, page != pages.end()) << std::hex << at;
        if (!w.ok) continue;
        ASSERT_EQ(w.pa, page->second + (at & (kPage - 1)));
        ASSERT_EQ(IoPgtableArmPhys(table, at), w.pa);
      }
    }
  }
}

}  // namespace
}  // namespace iovalab
