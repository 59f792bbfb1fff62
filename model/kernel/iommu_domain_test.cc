#include "model/kernel/iommu_domain.h"

#include <gtest/gtest.h>

#include "model/kernel/iommu_table.h"

namespace iovalab {
namespace {

constexpr uint64_t kMiB = 0x100000;
constexpr uint64_t kGiB = 0x40000000;

class IommuDomainTest : public testing::Test {
 protected:
  IommuDomainTest() { domain_.log_calls = true; }
  int Map(uint64_t iova, uint64_t hpa, uint64_t size, uint32_t perm = 3) {
    return IommuMap(domain_, iova, Hpa(hpa), size, perm, kernel_, sink_);
  }
  uint64_t Unmap(uint64_t iova, uint64_t size) {
    return IommuUnmap(domain_, iova, size, Rule::kVdpaUnmapMessage, kernel_,
                      sink_);
  }
  const IntervalTable& table() const { return stores_.Get(kIommuStore); }

  KernelProfile kernel_ = *FindKernelProfile("deb_6_12_117");
  Stores stores_;
  Sink sink_{&stores_};
  IommuDomain domain_;
};

// The leaf that holds an address, by how the run lies.
TEST(IommuLeaf, IsTheBiggestThatIsAlignedInBothAndFits) {
  struct Case {
    Entry run;
    uint64_t iova, first, size;
  };
  const Case kCases[] = {
      {{0x1000, 0x1fff, 0x5000, 0, 3}, 0x1800, 0x1000, 0x1000},
      // M1 of the scenarios: 2 MiB of memory, a page off in IOVA.
      {{0x1000, 0x200fff, 0x100000000, 0, 3}, 0x100000, 0x100000, 0x1000},
      {{0x200000, 0x3fffff, 0x100000000, 0, 3}, 0x200000, 0x200000, 2 * kMiB},
      // Pages, then a 2 MiB leaf, then pages.
      {{0x1ff000, 0x400fff, 0x1ff000, 0, 3}, 0x1ff000, 0x1ff000, 0x1000},
      {{0x1ff000, 0x400fff, 0x1ff000, 0, 3}, 0x3fffff, 0x200000, 2 * kMiB},
      {{0x1ff000, 0x400fff, 0x1ff000, 0, 3}, 0x400000, 0x400000, 0x1000},
      {{kGiB, 3 * kGiB - 1, 4 * kGiB, 0, 3}, 2 * kGiB + 5, 2 * kGiB, kGiB},
  };
  for (const Case& c : kCases) {
    const Range<Iova> leaf =
        IommuLeafAt(*FindIommuDriver("vtd3"), c.run, c.iova);
    EXPECT_EQ(leaf.first.value, c.first);
    EXPECT_EQ(leaf.last.value, c.first + c.size - 1);
  }
}

// A terabyte in 4 KiB leaves is one entry, whatever is asked of it.
TEST_F(IommuDomainTest, CostsNoMoreForMore) {
  ASSERT_EQ(Map(0x1000, 0x100000000, 1024 * kGiB), 0);
  EXPECT_EQ(table().size(), 1u);
  EXPECT_EQ(Unmap(0x5000, 0x1000), 0x1000u);
  EXPECT_EQ(table().size(), 2u);
  EXPECT_EQ(Unmap(0x1000, 1024 * kGiB), 1024 * kGiB);
  EXPECT_TRUE(table().empty());
}

// S8-5: VT-d drops the whole superpage.
TEST_F(IommuDomainTest, PartOfASuperpageTakesAllOfIt) {
  ASSERT_EQ(Map(0, 0x40000000, 4 * kMiB), 0);
  EXPECT_EQ(Unmap(0x1000, 0x20000), 2 * kMiB - 0x1000);
  EXPECT_FALSE(table().Find(0));
  EXPECT_FALSE(table().Find(2 * kMiB - 1));
  ASSERT_TRUE(table().Find(2 * kMiB));
  EXPECT_EQ(table().Find(2 * kMiB)->target, 0x40200000u);
}

TEST_F(IommuDomainTest, RefusesWhatIsNotWholePages) {
  ASSERT_EQ(Map(0x1000, 0x40000000, 0x2000), 0);
  EXPECT_EQ(Unmap(0x1800, 0x1000), 0u);
  EXPECT_EQ(Unmap(0x1000, 0x800), 0u);
  EXPECT_EQ(domain_.flushes, 0u);
  EXPECT_EQ(table().size(), 1u);
}

TEST_F(IommuDomainTest, PermissionsAreReadWriteOrBoth) {
  for (const uint32_t perm : {0u, 4u, 5u, 255u}) {
    EXPECT_NE(Map(0x1000, 0x40000000, 0x1000, perm), 0) << perm;
    EXPECT_TRUE(table().empty());
  }
  ASSERT_EQ(Map(0x1000, 0x40000000, 0x1000, kPermRead), 0);
  ASSERT_EQ(Map(0x2000, 0x50000000, 0x1000, kPermWrite), 0);
  EXPECT_EQ(table().Find(0x1000)->perm, kPermRead);
  EXPECT_EQ(table().Find(0x2000)->perm, kPermReadWrite) << "the read bit";
}

// One invalidation, of the fewest aligned pages; of the domain where that is
// more than one can name.
TEST_F(IommuDomainTest, FlushesOnceAnUnmap) {
  ASSERT_EQ(Map(0x1000, 0x100000000, kGiB), 0);
  Unmap(0x1000, 0x2000);
  ASSERT_EQ(domain_.calls.back().op, IommuCall::Op::kFlushPages);
  EXPECT_EQ(domain_.calls.back().iova, 0u);
  EXPECT_EQ(domain_.calls.back().order, 2u);
  Unmap(0x3000, kGiB - 0x2000);
  EXPECT_EQ(domain_.calls.back().op, IommuCall::Op::kFlushDomain);
  EXPECT_EQ(domain_.flushes, 2u);
}

TEST_F(IommuDomainTest, ALeafThatIsThereStays) {
  ASSERT_EQ(Map(0x2000, 0x40000000, 0x1000), 0);
  ASSERT_EQ(Map(0x1000, 0x50000000, 0x3000), 0);
  EXPECT_EQ(table().Find(0x1000)->target, 0x50000000u);
  EXPECT_EQ(table().Find(0x2000)->target, 0x40000000u);
  EXPECT_EQ(table().Find(0x3000)->target, 0x50002000u);
}

TEST_F(IommuDomainTest, FreeingTakesEverything) {
  ASSERT_EQ(Map(0x1000, 0x40000000, 0x1000), 0);
  IommuFree(domain_, sink_);
  EXPECT_TRUE(table().empty());
}

}  // namespace
}  // namespace iovalab
