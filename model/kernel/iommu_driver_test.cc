// The drivers of every format, checked against hardware's view after each call
// and against a table of pages.

#include "model/kernel/iommu_driver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <map>

#include "absl/strings/match.h"
#include "model/iommu/page_table_source.h"
#include "model/kernel/iommu_domain.h"
#include "model/kernel/iommu_table.h"
#include "sim/random.h"

namespace iovalab {
namespace {

constexpr uint64_t kMiB = 0x100000;

// The other formats: a domain for each, checked after every call.
class IommuFormatTest : public testing::TestWithParam<const char*> {
 protected:
  IommuFormatTest() { domain_.table = IommuTable(&driver()); }
  const IommuDriver& driver() const { return *FindIommuDriver(GetParam()); }
  int Map(uint64_t iova, uint64_t hpa, uint64_t size, uint32_t perm = 3) {
    why_ = Rule::kNone;
    const int r =
        IommuMap(domain_, iova, Hpa(hpa), size, perm, kernel_, sink_, &why_);
    EXPECT_TRUE(IommuTableAgrees(domain_.table, table(), IntervalTable(false)));
    return r;
  }
  uint64_t Unmap(uint64_t iova, uint64_t size) {
    const uint64_t bytes = IommuUnmap(domain_, iova, size,
                                      Rule::kVdpaUnmapMessage, kernel_, sink_);
    EXPECT_TRUE(IommuTableAgrees(domain_.table, table(), IntervalTable(false)));
    return bytes;
  }
  const IntervalTable& table() const { return stores_.Get(kIommuStore); }
  bool Is(absl::string_view prefix) const {
    return absl::StartsWith(GetParam(), prefix);
  }

  KernelProfile kernel_ = *FindKernelProfile("deb_6_12_117");
  Stores stores_;
  Sink sink_{&stores_};
  IommuDomain domain_;
  Rule why_ = Rule::kNone;
};

constexpr const char* kFormats[] = {
    "vtd3",      "vtd4",      "vtd5",     "amdv1",   "lpae_s2",
    "s390",      "toy",       "riscv39",  "riscv48", "riscv57",
    "riscv39x4", "riscv48x4", "riscv57x4"};
INSTANTIATE_TEST_SUITE_P(All, IommuFormatTest, testing::ValuesIn(kFormats),
                         [](const auto& info) { return info.param; });

TEST(IommuDrivers, AreAllTested) {
  EXPECT_EQ(IommuDrivers().size(), std::size(kFormats));
  EXPECT_EQ(VtdDriverFor(0x7fffffffff)->name, "vtd3");
  EXPECT_EQ(VtdDriverFor(0x8000000000)->name, "vtd4");
  EXPECT_EQ(VtdDriverFor(UINT64_MAX)->name, "vtd5");
}

// The bytes that go with 0x1000-0x20fff of a 2 MiB leaf (S8-5), or 0.
TEST_P(IommuFormatTest, PartOfASuperpage) {
  ASSERT_EQ(Map(0, 0x40000000, 4 * kMiB), 0);
  uint64_t gone = 0x20000;
  if (Is("vtd")) gone = 2 * kMiB - 0x1000;
  if (Is("amdv1")) gone = 4 * kMiB - 0x1000;  // it is one leaf of 4 MiB
  if (Is("riscv")) gone = 0;
  EXPECT_EQ(Unmap(0x1000, 0x20000), gone);
  const bool whole = Is("vtd") || Is("amdv1");
  EXPECT_EQ(table().Find(0).has_value(), !whole);
  EXPECT_EQ(table().Find(0x1000).has_value(), Is("riscv"));
  EXPECT_EQ(table().Find(0x21000).has_value(), !whole);
  EXPECT_EQ(table().Find(2 * kMiB).has_value(), !Is("amdv1"));
}

TEST_P(IommuFormatTest, MapOverALeaf) {
  ASSERT_EQ(Map(0x200000, 0x40000000, 2 * kMiB), 0);
  const int r = Map(0x201000, 0x50000000, 0x2000);
  if (Is("lpae")) {
    EXPECT_EQ(r, -EEXIST);
    EXPECT_EQ(why_, Rule::kIommuExists);
    EXPECT_EQ(table().size(), 1u);
    return;
  }
  ASSERT_EQ(r, 0);
  const bool stays = Is("vtd");
  EXPECT_EQ(table().Find(0x201000)->target, stays ? 0x40000000 : 0x50000000u);
  const bool pages = Is("s390") || Is("toy");
  EXPECT_EQ(table().Find(0x200000).has_value(), stays || pages);
}

TEST_P(IommuFormatTest, Permissions) {
  EXPECT_EQ(Map(0x1000, 0x40000000, 0x1000, 4), -EINVAL);
  ASSERT_EQ(Map(0x1000, 0x40000000, 0x1000, kPermRead), 0);
  EXPECT_EQ(table().Find(0x1000)->perm, Is("toy") ? kPermReadWrite : kPermRead);
  const int r = Map(0x2000, 0x50000000, 0x1000, kPermWrite);
  EXPECT_EQ(r, Is("s390") ? -EINVAL : 0);
  if (r != 0) return;
  const bool write_only = Is("amdv1") || Is("lpae");
  EXPECT_EQ(table().Find(0x2000)->perm,
            write_only ? kPermWrite : kPermReadWrite);
}

// A page mapped write-only, as hardware sees it: VT-d's driver sets the read
// bit, RISC-V's reads what it writes, AMD and LPAE keep to what was asked.
TEST_P(IommuFormatTest, ReadsOfAWriteOnlyPage) {
  if (Map(0x2000, 0x50000000, 0x1000, kPermWrite) != 0) return;
  const auto walk = [&](uint32_t access) {
    return WalkTable(domain_.table.pages, 0x2000, {.access = access});
  };
  EXPECT_TRUE(walk(kAccessWrite).ok);
  const Walked read = walk(kAccessRead);
  const bool refused = Is("amdv1") || Is("lpae");
  EXPECT_EQ(read.ok, !refused);
  if (!refused) return;
  EXPECT_EQ(read.reason, IommuFault::kPermission);
  EXPECT_EQ(read.native_code, Is("amdv1") ? 2u : 0x13u);
}

TEST_P(IommuFormatTest, AddressesThatItHasNot) {
  const Format& f = *driver().format;
  EXPECT_EQ(Map(0x1000, f.output_mask() - 0xfff, 0x1000), 0);
  if (f.output_bits < 64) {
    EXPECT_EQ(Map(0x2000, f.output_mask() - 0xfff, 0x2000), -ERANGE);
    EXPECT_EQ(why_, Rule::kIommuTooWide);
  }
  // The last page that the driver lets be mapped, and of the format.
  EXPECT_EQ(Map(driver().aperture_last() - 0xfff, 0x1000, 0x1000), 0);
  if (f.input_bits < 64) {
    EXPECT_EQ(Map(f.last_position() + 1, 0x1000, 0x1000), -ERANGE);
  }
}

// Everything, in any format, is a few nodes; a terabyte in the middle goes.
TEST_P(IommuFormatTest, CostsNoMoreForMore) {
  const uint64_t last = std::min(driver().aperture_last(),
                                 driver().format->output_mask() - 0x1000);
  ASSERT_EQ(Map(0, 0x1000, last & ~uint64_t{0xfff}), 0);
  EXPECT_EQ(table().size(), 1u);
  EXPECT_LT(domain_.table.pages.MemoryBytes(), size_t{1} << 20);
  EXPECT_EQ(Unmap(0x10000000, 0x40000000), 0x40000000u);
  IommuFree(domain_, sink_);
  EXPECT_TRUE(table().empty());
  EXPECT_TRUE(IommuTableAgrees(domain_.table, table(), IntervalTable(false)));
}

// A table of pages, each with the leaf that it was mapped by, which does what
// the driver's source does, step by step.
class PageByPage {
 public:
  struct Page {
    uint64_t hpa;
    uint64_t first, last;  // of its leaf
  };
  explicit PageByPage(const IommuDriver& driver) : driver_(driver) {}

  // As Linux's iommu_pgsize: at each step the biggest that fits.
  void Map(uint64_t iova, uint64_t hpa, uint64_t size) {
    for (uint64_t at = 0; at < size;) {
      uint64_t leaf = 0x1000;
      for (uint64_t s = leaf; s <= size - at; s *= 2) {
        if ((driver_.leaf_sizes & s) != 0 &&
            ((iova + at) | (hpa + at)) % s == 0)
          leaf = s;
      }
      Leaf(iova + at, hpa + at, leaf);
      at += leaf;
    }
  }
  void Unmap(uint64_t first, uint64_t last) {
    for (uint64_t at = first; at <= last;) {
      const auto it = pages_.find(at);
      if (it == pages_.end()) {
        if (driver_.stops_at_hole) return;
        at += 0x1000;
        continue;
      }
      const Page page = it->second;
      const bool inside = page.first<at, beyond = page.last> last;
      if ((inside || beyond) && driver_.partial == PartialUnmap::kSplitsLeaf) {
        Split(page);
        continue;
      }
      if (driver_.partial == PartialUnmap::kRefusesInside && inside) return;
      if (driver_.partial == PartialUnmap::kRefuses && (inside || beyond)) {
        return;
      }
      pages_.erase(pages_.lower_bound(page.first),
                   pages_.upper_bound(page.last));
      at = page.last + 1;
    }
  }
  const std::map<uint64_t, Page>& pages() const { return pages_; }

 private:
  void Leaf(uint64_t iova, uint64_t hpa, uint64_t size) {
    for (uint64_t i = 0; i < size; i += 0x1000) {
      pages_[iova + i] = {hpa + i, iova, iova + size - 1};
    }
  }
  void Split(const Page& page) {
    const uint64_t size = page.last - page.first + 1;
    uint64_t smaller = size / 2;
    while ((driver_.leaf_sizes & smaller) == 0) smaller /= 2;
    const uint64_t hpa = pages_.at(page.first).hpa;
    for (uint64_t i = 0; i < size; i += smaller) {
      Leaf(page.first + i, hpa + i, smaller);
    }
  }

  const IommuDriver& driver_;
  std::map<uint64_t, Page> pages_;
};

TEST_P(IommuFormatTest, AgreesWithATableOfPages) {
  IommuDriver drivers[] = {driver(), driver()};
  drivers[1].partial = PartialUnmap::kRefuses;  // LPAE from 6.13 on
  for (const IommuDriver& d : drivers) {
    stores_ = Stores();
    domain_.table = IommuTable(&d);
    PageByPage slow(d);
    sim::Random random(20261120, 0);
    for (int round = 0; round < 300; ++round) {
      const uint64_t iova = random.InRange(0, 0xfff) * 0x1000;
      const uint64_t size = random.InRange(1, 0x800) * 0x1000;
      if (random.InRange(0, 1) == 0) {
        // Not over others: MapOverALeaf.
        if (table().FirstIn(iova, iova + size - 1)) continue;
        const uint64_t hpa =
            random.InRange(0, 1) == 0
                ? 0x10000000 + iova
                : 0x20000000 + random.InRange(0, 0xfff) * 0x1000;
        ASSERT_EQ(Map(iova, hpa, size), 0);
        slow.Map(iova, hpa, size);
      } else {
        Unmap(iova, size);
        slow.Unmap(iova, iova + size - 1);
      }
      uint64_t pages = 0;
      table().ForEach(
          [&](const Entry& e) { pages += (e.last - e.first + 1) / 0x1000; });
      ASSERT_EQ(pages, slow.pages().size()) << round;
      for (const auto& [at, page] : slow.pages()) {
        const auto run = table().Find(at);
        ASSERT_TRUE(run.has_value()) << round;
        ASSERT_EQ(run->Translate(at), page.hpa);
        const Range<Iova> leaf = IommuLeafAt(d, *run, at);
        ASSERT_EQ(leaf.first.value, page.first) << round;
        ASSERT_EQ(leaf.last.value, page.last) << round;
      }
      ASSERT_FALSE(HasFailure()) << round;
    }
  }
  domain_.table = IommuTable(&driver());
}

// intel_iommu=sp_off: as S8-5, and a table of pages for each 2 MiB.
TEST(IommuTable, WithoutSuperpages) {
  const IommuDriver& vtd = *FindIommuDriver("vtd4");
  const struct {
    uint64_t sizes;
    uint64_t tables, gone;
  } cases[] = {{0, 3, 2 * kMiB - 0x1000},
               {0x40201000, 3, 2 * kMiB - 0x1000},
               {0x40001000, 5, 0x20000},
               {0x1000, 5, 0x20000},
               // Those that it has not do not count.
               {0x11000, 5, 0x20000}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.sizes);
    Stores stores;
    Sink sink{&stores};
    IommuDomain domain;
    domain.table = IommuTable(&vtd, c.sizes);
    const KernelProfile& kernel = *FindKernelProfile("deb_6_12_117");
    ASSERT_EQ(IommuMap(domain, 0, Hpa(0x40000000), 4 * kMiB, 3, kernel, sink),
              0);
    EXPECT_EQ(domain.table.pages.counts().tables, c.tables);
    IommuTable copy = domain.table;
    EXPECT_EQ(IommuUnmap(domain, 0x1000, 0x20000, Rule::kVdpaUnmapMessage,
                         kernel, sink),
              c.gone);
    EXPECT_TRUE(IommuTableAgrees(domain.table, stores.Get(kIommuStore),
                                 stores.Get(kPoisonStore)));
    EXPECT_EQ(copy.driver->leaf_sizes, domain.table.driver->leaf_sizes);
    IommuFree(domain, sink);
    EXPECT_EQ(domain.table.driver->leaf_sizes, copy.driver->leaf_sizes);
  }
  EXPECT_EQ(IommuTable(&vtd).driver.get(), &vtd);
}

}  // namespace
}  // namespace iovalab
