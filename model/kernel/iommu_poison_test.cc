// Damaged entries of every driver's tables, under random maps and unmaps: what
// hardware reads at each page against runs and damage.

#include <gtest/gtest.h>

#include <algorithm>

#include "model/iommu/page_table_source.h"
#include "model/kernel/iommu_domain.h"
#include "sim/random.h"

namespace iovalab {
namespace {

class PoisonTest : public testing::TestWithParam<const char*> {
 protected:
  PoisonTest() { domain_.table = IommuTable(FindIommuDriver(GetParam())); }
  const Format& format() const { return domain_.table.pages.format(); }
  const IntervalTable& runs() const { return stores_.Get(kIommuStore); }
  const IntervalTable& poison() const { return stores_.Get(kPoisonStore); }
  bool Agrees() const {
    return IommuTableAgrees(domain_.table, runs(), poison());
  }
  int Map(uint64_t iova, uint64_t hpa, uint64_t size) {
    return IommuMap(domain_, iova, Hpa(hpa), size, 3, kernel_, sink_);
  }
  void Unmap(uint64_t iova, uint64_t size) {
    IommuUnmap(domain_, iova, size, Rule::kVdpaUnmapMessage, kernel_, sink_);
  }
  bool Poison(uint64_t iova, int level, uint64_t bits) {
    return IommuTablePoison(domain_.table, iova, level, bits, sink_);
  }
  // What a walk says of each page of [0, pages), where no damage is.
  void CheckPages(uint64_t pages) {
    for (uint64_t p = 0; p < pages; ++p) {
      const uint64_t iova = p << 12;
      if (poison().Find(iova)) continue;
      const Walked w =
          WalkTable(domain_.table.pages, iova, {.access = kAccessRead});
      const std::optional<Entry> run = runs().Find(iova);
      ASSERT_EQ(w.ok, run.has_value()) << std::hex << iova;
      if (w.ok) {
        ASSERT_EQ(w.pa, run->Translate(iova)) << std::hex << iova;
      }
    }
  }

  KernelProfile kernel_ = *FindKernelProfile("deb_6_12_117");
  Stores stores_;
  Sink sink_{&stores_};
  IommuDomain domain_;
};

INSTANTIATE_TEST_SUITE_P(All, PoisonTest,
                         testing::Values("vtd3", "vtd4", "vtd5", "amdv1",
                                         "lpae_s2", "s390", "toy", "riscv39",
                                         "riscv57", "riscv39x4", "riscv57x4"),
                         [](const auto& info) { return info.param; });

TEST_P(PoisonTest, IsReadUntilSomebodyWrites) {
  ASSERT_EQ(Map(0x1000, 0x40001000, 0x1000), 0);
  ASSERT_EQ(Map(0x3000, 0x40003000, 0x1000), 0);
  const uint64_t written = *domain_.table.pages.EntryBits(0, 0x1000);
  const uint64_t bits = written ^ 0x1000000;
  ASSERT_TRUE(Poison(0x1008, 0, bits));
  EXPECT_EQ(domain_.table.pages.EntryBits(0, 0x1000), bits);
  const std::optional<Entry> e = poison().Find(0x1000);
  ASSERT_TRUE(e.has_value());
  EXPECT_EQ(e->first, 0x1000u);
  EXPECT_EQ(e->last, 0x1fffu);
  EXPECT_EQ(e->target, bits);
  EXPECT_TRUE(Agrees());
  // Tables that say something else than the store are found out.
  IommuTable other = domain_.table;
  ASSERT_TRUE(other.pages.Poison(0, 0x1000, bits ^ 0x1000));
  EXPECT_FALSE(IommuTableAgrees(other, runs(), poison()));
  EXPECT_FALSE(IommuTableAgrees(domain_.table, runs(), IntervalTable(false)));
  // Damage above takes that below with it; a map beside both puts all right.
  ASSERT_TRUE(Poison(0x1000, 1, bits));
  EXPECT_EQ(poison().size(), 1u);
  EXPECT_FALSE(Poison(0x1000, 0, bits)) << "its table is lost";
  EXPECT_TRUE(Agrees());
  ASSERT_EQ(Map(0x5000, 0x40005000, 0x1000), 0);
  EXPECT_EQ(poison().size(), 0u);
  EXPECT_TRUE(Agrees());
  EXPECT_EQ(domain_.table.pages.EntryBits(0, 0x1000), written);
  CheckPages(8);
}

// Nothing is lost, whatever was damaged in between.
TEST_P(PoisonTest, RandomOperations) {
  constexpr uint64_t kPages = 0x800;  // 8 MiB
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    sim::Random random(seed, 0);
    int damaged = 0;
    for (int round = 0; round < 300; ++round) {
      const uint64_t page = random.InRange(0, kPages - 1);
      const uint64_t size = uint64_t{1} << random.InRange(0, 10);
      const uint64_t n = std::min(size, kPages - page);
      switch (random.InRange(0, 3)) {
        case 0:
          (void)Map(page << 12, 0x40000000 + (page << 12), n << 12);
          break;
        case 1:
          Unmap(page << 12, n << 12);
          break;
        default:
          damaged +=
              Poison(page << 12,
                     static_cast<int>(random.InRange(0, format().levels - 1)),
                     random.InRange(0, format().entry_bytes == 4 ? UINT32_MAX
                                                                 : UINT64_MAX));
      }
      ASSERT_TRUE(Agrees()) << seed << " " << round;
    }
    EXPECT_GT(damaged, 50);
    CheckPages(kPages);
    Unmap(0, kPages << 12);
    IommuFree(domain_, sink_);
    EXPECT_EQ(poison().size(), 0u);
    EXPECT_EQ(domain_.table.pages.counts().poisoned, 0u);
  }
}

}  // namespace
}  // namespace iovalab
