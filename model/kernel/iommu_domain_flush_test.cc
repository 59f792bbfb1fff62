#include "model/kernel/iommu_domain_flush.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace iovalab {
namespace {

constexpr uint64_t k2M = 0x200000;

// A domain with hardware that is asked, and what it was asked for: a word for
// each command, "|" after each wait.
struct Bench {
  explicit Bench(absl::string_view format, FlushPolicy policy,
                 absl::string_view build, uint64_t leaves = 0)
      : kernel(*FindKernelProfile(build)) {
    domain.table = IommuTable(FindIommuDriver(format), leaves);
    domain.has_hardware = true;
    domain.flush.shape.policy = policy;
  }

  void Map(uint64_t iova, uint64_t size) {
    EXPECT_EQ(
        IommuMap(domain, iova, Hpa(0x40000000 + iova), size, 3, kernel, sink),
        0);
  }
  void Unmap(uint64_t iova, uint64_t size) {
    IommuUnmap(domain, iova, size, Rule::kIommuUnmap, kernel, sink);
  }
  std::string Asked() {
    std::vector<std::string> words;
    for (const IommuAsked& asked : domain.asked) {
      for (const Invalidation& i : asked.commands) {
        words.push_back(i.kind == InvalidationKind::kWait ? "|"
                        : i.kind == InvalidationKind::kDomain
                            ? "domain"
                            : absl::StrCat(i.kind == InvalidationKind::kDevice
                                               ? "atc "
                                               : "",
                                           absl::Hex(i.address), "+", i.mask,
                                           i.leaf_only ? "" : "t"));
      }
    }
    domain.asked.clear();
    return absl::StrJoin(words, " ");
  }

  KernelProfile kernel;
  Stores stores;
  Sink sink{&stores};
  IommuDomain domain;
};

struct Case {
  const char* format;
  const char* build;
  FlushPolicy policy;
  uint64_t map_first, map_size;
  uint64_t first, size;
  const char* asked;  // address+mask; t: page-walk caches too
};
using enum FlushPolicy;
constexpr Case kCases[] = {
    // Two pages from an odd one on (recorded of both Debian builds: am=2).
    {"vtd4", "deb_6_12_117", kStrict, 0x1000, 0x2000, 0x1000, 0x2000, "0+2 |"},
    {"vtd4", "deb_6_1_192", kStrict, 0x1000, 0x2000, 0x1000, 0x2000, "0+2 |"},
    {"vtd4", "v5_17", kStrict, 0x1000, 0x2000, 0x1000, 0x2000, "1000+1 |"},
    {"vtd4", "v5_17", kStrict, 0x1000, 0x3000, 0x1000, 0x3000, "1000+2 |"},
    {"vtd4", "deb_6_12_117", kLazy, 0x1000, 0x2000, 0x1000, 0x2000, ""},
    {"vtd4", "deb_6_12_117", kBroken, 0x1000, 0x2000, 0x1000, 0x2000, ""},
    // A part of a superpage, all of which goes.
    {"vtd4", "deb_6_12_117", kStrict, 0, k2M, 0, 0x1000, "0+9 |"},
    {"vtd4", "deb_6_12_117", kShort, 0, k2M, 0, 0x1000, "0+0 |"},
    {"vtd4", "deb_6_12_117", kStrict, 0, k2M, 0x1ff000, 0x1000, "0+9 |"},
    {"amdv1", "deb_6_12_117", kStrict, 0, k2M, 0, 0x1000, "0+9t |"},
    {"amdv1", "v5_17", kStrict, 0, k2M, 0, 0x1000, "0+0t |"},
    // SMMU: leaf by leaf, each size by itself; a block that is split by pages.
    {"lpae_s2", "deb_6_12_117", kStrict, k2M, k2M + 0x2000, k2M, k2M + 0x2000,
     "200000+9 400000+0 401000+0 |"},
    {"lpae_s2", "deb_6_12_117", kStrict, k2M, k2M, k2M, 0x2000,
     "200000+0 201000+0 |"},
    {"lpae_s2", "deb_6_12_117", kStrict, 0, 3 * k2M, 0, 3 * k2M,
     "0+9 200000+9 400000+9 |"},
};

TEST(IommuDomainFlush, AsksAsItsBuildDoes) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(absl::StrCat(c.format, " ", c.build, " ",
                              std::string(FlushPolicyName(c.policy)), " ",
                              absl::Hex(c.first), "+", absl::Hex(c.size)));
    Bench bench(c.format, c.policy, c.build);
    bench.Map(c.map_first, c.map_size);
    EXPECT_EQ(bench.Asked(), "");
    bench.Unmap(c.first, c.size);
    // Whether tables went is not what these are about, but for AMD's, which
    // always says so.
    EXPECT_EQ(bench.Asked(), c.asked);
  }
}

// Sources: io_pgtable_tlb_flush_walk in __arm_lpae_unmap; VT-d gathers them.
TEST(IommuDomainFlush, OnlyLpaeFlushesFreedTablesWhileLeavesWait) {
  for (const auto& [format, asked] :
       {std::pair("lpae_s2", "domain |"), std::pair("vtd4", "")}) {
    Bench bench(format, kLazy, "deb_6_12_117", /*leaves=*/0x1000);
    bench.Map(0, k2M);
    bench.Unmap(0, k2M);
    EXPECT_EQ(bench.Asked(), asked) << format;
    EXPECT_EQ(bench.domain.flush.queued.size(), 1u) << format;
  }
}

TEST(IommuDomainFlush, ASuperpageOverATableIsTold) {
  for (const FlushPolicy policy : {kStrict, kLazy, kBroken}) {
    Bench bench("vtd4", policy, "deb_6_12_117");
    bench.Map(0, 0x1000);
    bench.Unmap(0, 0x1000);  // the table stays, empty
    bench.Asked();
    bench.Map(0, k2M);
    EXPECT_EQ(bench.Asked(), policy == kBroken ? "" : "0+9t |");
  }
}

TEST(IommuDomainFlush, TheDevicesOwnCacheIsAskedToo) {
  Bench bench("vtd4", kStrict, "deb_6_12_117");
  bench.domain.ats = 0x28;
  bench.Map(0x1000, 0x2000);
  bench.Unmap(0x1000, 0x2000);
  EXPECT_EQ(bench.Asked(), "0+2 atc 0+2t |");
  IommuAttach(bench.domain, bench.sink);
  EXPECT_EQ(bench.Asked(), "domain atc 0+52t |");
}

// Who has no hardware is not filled with commands.
TEST(IommuDomainFlush, NobodyIsAskedWithoutHardware) {
  Bench bench("vtd4", kStrict, "deb_6_12_117");
  bench.domain.has_hardware = false;
  bench.Map(0x1000, 0x1000);
  bench.Unmap(0x1000, 0x1000);
  EXPECT_TRUE(bench.domain.asked.empty());
  EXPECT_EQ(bench.domain.flushes, 1u);
}

}  // namespace
}  // namespace iovalab
