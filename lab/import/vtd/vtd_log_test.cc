#include "lab/import/vtd/vtd_log.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sim/random.h"

namespace iovalab {
namespace {

using K = VtdLineKind;

// Lines of q35-2g-vtd-linux, and what each says.
constexpr absl::string_view kFault =
    "21441@1795143510.959554:vtd_dmar_fault sid 0x28 fault 6 addr 0xdead0004 "
    "write 0";
constexpr absl::string_view kMap =
    "     busybox-114     [000] .....     3.801920: map: IOMMU: "
    "iova=0x00000000fffff000 - 0x0000000100000000 paddr=0x0000000059ec1000 "
    "size=4096";
constexpr absl::string_view kDmesg =
    "412:[   10.302090] DMAR: [DMA Read NO_PASID] Request device [00:05.0] "
    "fault addr 0xdead0000 [fault reason 0x06] PTE Read access is not set";

TEST(VtdLog, Qemu) {
  VtdLine l = ParseVtdLine(kFault);
  EXPECT_EQ(l.kind, K::kFault);
  EXPECT_EQ(l.source, 0x28u);
  EXPECT_EQ(l.reason, 6u);
  EXPECT_EQ(l.address, 0xdead0004u);
  EXPECT_FALSE(l.write);
  l = ParseVtdLine(
      "vtd_iotlb_page_update IOTLB page update sid 0x28 iova 0xffefc002 slpte "
      "0x2bd0001 domain 0x3");
  EXPECT_EQ(l.kind, K::kCacheUpdate);
  EXPECT_EQ(l.entry, 0x2bd0001u);
  EXPECT_EQ(l.domain, 3u);
  l = ParseVtdLine(
      "1@1.000001:vtd_dmar_translate dev 00:05.00 iova 0xfffff000 -> gpa "
      "0x59ec1000 mask 0xfff");
  EXPECT_EQ(l.kind, K::kTranslate);
  EXPECT_EQ(l.source, 0x28u);
  EXPECT_EQ(l.target, 0x59ec1000u);
  l = ParseVtdLine(
      "vtd_frr_new index 0 high 0x40ffff0600000028 low 0x3cafe1000");
  EXPECT_EQ(l.kind, K::kRecord);
  EXPECT_EQ(l.high, 0x40ffff0600000028u);
  l = ParseVtdLine(
      "vtd_inv_desc_iotlb_pages iotlb invalidate domain 0x3 addr 0xffffc000 "
      "mask 0x1");
  EXPECT_EQ(l.kind, K::kFlushPages);
  EXPECT_EQ(l.mask, 1u);
  EXPECT_EQ(
      ParseVtdLine("vtd_inv_desc_iotlb_global iotlb invalidate global").kind,
      K::kFlushGlobal);
  EXPECT_TRUE(ParseVtdLine("vtd_fsts_ppf FSTS PPF bit set to 1").write);
  EXPECT_TRUE(ParseVtdLine("vtd_dmar_enable enable 1").write);
  EXPECT_EQ(ParseVtdLine("vtd_reg_dmar_root addr 0x27a2000 scalable 0").kind,
            K::kRoot);
}

TEST(VtdLog, FtraceAndDmesg) {
  VtdLine l = ParseVtdLine(kMap);
  EXPECT_EQ(l.kind, K::kMap);
  EXPECT_EQ(l.address, 0xfffff000u);
  EXPECT_EQ(l.last, 0xffffffffu);
  EXPECT_EQ(l.target, 0x59ec1000u);
  EXPECT_EQ(l.micros, 3801920u);
  l = ParseVtdLine(
      "     kworker/0:2-48      [000] D.h1.     5.867342: unmap: IOMMU: "
      "iova=0x00000000ffefc000 - 0x00000000ffefd000 size=4096 "
      "unmapped_size=4096");
  EXPECT_EQ(l.kind, K::kUnmap);
  EXPECT_EQ(l.last, 0xffefcfffu);
  l = ParseVtdLine(
      "     kworker/0:2-48      [000] D.h2.     5.867488: qi_submit: iotlb_inv "
      "dmar0: 0x300f2 0xffefc000 0x0 0x0");
  EXPECT_EQ(l.kind, K::kCommand);
  EXPECT_EQ(l.high, 0x300f2u);
  EXPECT_EQ(l.low, 0xffefc000u);
  l = ParseVtdLine("# entries-in-buffer/entries-written: 1098/1098   #P:1");
  EXPECT_EQ(l.kind, K::kEntries);
  EXPECT_EQ(l.target, 1098u);
  l = ParseVtdLine(kDmesg);
  EXPECT_EQ(l.kind, K::kDmesgFault);
  EXPECT_EQ(l.source, 0x28u);
  EXPECT_EQ(l.reason, 6u);
  EXPECT_EQ(l.text, kDmesg.substr(kDmesg.find("DMAR")));
  // Up to 2^64, the end is 0.
  l = ParseVtdLine(
      "x-1 [000] ..... 3.801920: unmap: IOMMU: iova=0xfffffffffffff000 - "
      "0x0000000000000000 size=4096 unmapped_size=4096");
  EXPECT_EQ(l.kind, K::kUnmap);
  EXPECT_EQ(l.last, UINT64_MAX);
}

TEST(VtdLog, DamagedAndForeign) {
  const struct {
    absl::string_view text;
    K kind;
  } cases[] = {
      {"vtd_dmar_fault sid 0x28 fault 6 addr 0xdead0004 write", K::kDamaged},
      {"vtd_dmar_fault sid 0x28 fault 6 addr 0xdead0004 write 2", K::kDamaged},
      {"vtd_dmar_fault sid 0x28 fault 6", K::kDamaged},
      {"vtd_dmar_fault", K::kDamaged},
      {"vtd_inv_desc_iotlb_pages domain 0x3 addr 0x0 mask 0x40", K::kDamaged},
      {"vtd_frr_new index 0 high 0x10000000000000000 low 0x0", K::kDamaged},
      {"vtd_dmar_translate dev 00:25.00 iova 0x0 -> gpa 0x0 mask 0x0",
       K::kDamaged},
      {"vtd_switch_address_space dev 0", K::kOther},
      {"my vtd_dmar_fault sid", K::kOther},
      {"3.8: map: IOMMU: iova=0x1000 - 0x1000 paddr=0x0 size=0", K::kDamaged},
      {"x 3.801920: map: IOMMU: iova=0x2000 - 0x1000 paddr=0x0 size=0",
       K::kDamaged},
      {"DMAR: [DMA Read NO_PASID] Request device [00:05.0] fault", K::kDamaged},
      {"DMAR: IOMMU enabled", K::kOther},
      {"", K::kOther},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(ParseVtdLine(c.text).kind, c.kind) << c.text;
  }
}

TEST(VtdLog, Detect) {
  const std::string fault(kFault), map(kMap), dmesg(kDmesg);
  const struct {
    std::string text;
    VtdFileKind kind;
  } cases[] = {
      {fault, VtdFileKind::kQemu},
      {absl::StrCat("vhost_commit Started: 1 Changed: 0\n", fault),
       VtdFileKind::kQemu},
      {map, VtdFileKind::kFtrace},
      {"# tracer: nop\n#\n", VtdFileKind::kFtrace},
      {dmesg, VtdFileKind::kDmesg},
      {"79:[    0.000000] DMAR: IOMMU enabled\n", VtdFileKind::kDmesg},
      {"vhost_commit Started: 1 Changed: 0\n", VtdFileKind::kNone},
      {"", VtdFileKind::kNone},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(DetectVtdFile(c.text), c.kind) << c.text;
  }
}

// Cut, repeated and overwritten bytes: never a crash.
TEST(VtdLog, AnyBytes) {
  const std::vector<std::string> lines = {
      std::string(kFault), std::string(kMap), std::string(kDmesg)};
  sim::Random random(9, 1);
  int believed = 0;
  for (int n = 0; n < 100000; ++n) {
    std::string text = lines[random.Below(lines.size())];
    for (uint64_t i = random.Below(4); i > 0 && !text.empty(); --i) {
      const size_t at = random.Below(text.size());
      if (random.Chance(1, 3)) {
        text.resize(at);
      } else if (random.Chance(1, 2)) {
        text[at] = static_cast<char>(random.Next64());
      } else {
        text.insert(at, text.substr(random.Below(text.size())));
      }
    }
    believed += ParseVtdLine(text).kind > K::kDamaged;
    DetectVtdFile(text);
  }
  EXPECT_GT(believed, 10000);
}

}  // namespace
}  // namespace iovalab
