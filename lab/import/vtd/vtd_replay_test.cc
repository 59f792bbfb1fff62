#include "lab/import/vtd/vtd_replay.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "lab/import/vtd/vtd_report.h"
#include "lab/import/vtd/vtd_testing.h"
#include "sim/random.h"

namespace iovalab {
namespace {

VtdReplay Replayed(const VtdTexts& texts) {
  const VtdCapture capture = texts.Capture();
  const auto order = OrderVtdCapture(capture);
  EXPECT_TRUE(order.ok()) << order.status();
  return order.ok() ? ReplayVtdCapture(capture, *order) : VtdReplay();
}

std::string Of(const VtdTally& tally) {
  return absl::StrCat(tally.reproduced, "/", tally.total);
}

TEST(VtdReplay, TheRecordedRun) {
  const VtdTexts texts = RecordedVtd();
  const VtdReplay r = Replayed(texts);
  EXPECT_EQ(Of(r.translations), "50/50");
  EXPECT_EQ(Of(r.hits), "50/50");
  EXPECT_EQ(Of(r.faults), "30/30");
  EXPECT_EQ(Of(r.records), "30/30");
  EXPECT_EQ(Of(r.dmesg), "6/6");
  EXPECT_EQ(r.faults_reported, 6u);
  EXPECT_EQ(r.faults_compressed, 24u);
  EXPECT_EQ(r.maps, 273u);
  EXPECT_EQ(r.mapped_pages, 220u);
  EXPECT_EQ(r.most_pages, 259u);
  EXPECT_EQ(r.levels, 3);
  EXPECT_EQ(r.cache, "qemu_vtd_7_2");
  EXPECT_TRUE(r.all());
  EXPECT_TRUE(r.mismatches.empty());
  const VtdReport report = ReportVtdCapture(texts.Capture());
  EXPECT_FALSE(report.differs);
  EXPECT_TRUE(absl::EndsWith(report.text, "faults: reproduced 30 of 30\n"));
}

// QEMU 7.2 compares 8 bits of the page number of an invalidation: a cache that
// compares all of them would have had hits where the recorded one missed.
TEST(VtdReplay, TheRecordedCacheIsNotTheRepairedOne) {
  const VtdCapture capture = RecordedVtd().Capture();
  const VtdReplay r =
      ReplayVtdCapture(capture, *OrderVtdCapture(capture), "qemu_vtd");
  EXPECT_EQ(Of(r.translations), "50/50");
  EXPECT_EQ(Of(r.hits), "46/50");
  EXPECT_EQ(Of(r.faults), "30/30");
  EXPECT_EQ(Of(r.records), "24/30");  // the PASID field
}

struct Altered {
  std::string VtdTexts::*file;
  absl::string_view from, to;
  VtdTally VtdReplay::*tally;
  uint64_t lost;  // of the tally; 0: at least one
};

// Each comparison can fail.
TEST(VtdReplay, AlteredRecordings) {
  const Altered cases[] = {
      {&VtdTexts::qemu, "gpa 0x2a4b000", "gpa 0x2a4c000",
       &VtdReplay::translations, 2},
      {&VtdTexts::ftrace, "paddr=0x0000000059ec1000",
       "paddr=0x0000000059ec2000", &VtdReplay::translations, 0},
      {&VtdTexts::ftrace, ": map: IOMMU: iova=0x00000000ffff9000",
       ": nap: IOMMU: iova=0x00000000ffff9000", &VtdReplay::translations, 1},
      {&VtdTexts::qemu, "iova 0xfffff030 slpte", "iova 0xffffe030 slpte",
       &VtdReplay::hits, 1},
      {&VtdTexts::qemu, "fault 6 addr 0xdead0008", "fault 7 addr 0xdead0008",
       &VtdReplay::faults, 1},
      {&VtdTexts::qemu, "fault 5 addr 0x3cafe100c write 1",
       "fault 5 addr 0x3cafe100c write 0", &VtdReplay::faults, 1},
      // At a page that is mapped.
      {&VtdTexts::qemu,
       "vtd_iotlb_page_hit IOTLB page hit sid 0x28 iova 0xfffff030 slpte "
       "0x59ec1003 domain 0x3",
       "vtd_dmar_fault sid 0x28 fault 6 addr 0xfffff030 write 0",
       &VtdReplay::faults, 1},
      {&VtdTexts::qemu, "sid 0x28 fault 6 addr 0x3cafe1040",
       "sid 0x30 fault 6 addr 0x3cafe1040", &VtdReplay::faults, 1},
      {&VtdTexts::qemu, "low 0xdead0000", "low 0xdead1000", &VtdReplay::records,
       1},
      {&VtdTexts::qemu, "high 0x40ffff0600000028 low 0xdead0000",
       "high 0xffff0600000028 low 0xdead0000", &VtdReplay::records, 1},
      {&VtdTexts::dmesg, "[00:05.0] fault addr 0xdead0000",
       "[00:05.1] fault addr 0xdead0000", &VtdReplay::dmesg, 1},
      {&VtdTexts::dmesg, "PTE Read access is not set",
       "PTE Read access is not there", &VtdReplay::dmesg, 3},
  };
  const VtdTexts recorded = RecordedVtd();
  for (const Altered& c : cases) {
    VtdTexts texts = recorded;
    ASSERT_GT(absl::StrReplaceAll({{c.from, c.to}}, &(texts.*c.file)), 0)
        << c.from;
    const VtdReplay r = Replayed(texts);
    const VtdTally& tally = r.*c.tally;
    const uint64_t lost = tally.total - tally.reproduced;
    EXPECT_GT(lost, 0u) << c.to;
    if (c.lost > 0) {
      EXPECT_EQ(lost, c.lost) << c.to;
    }
    EXPECT_FALSE(r.all()) << c.to;
    EXPECT_FALSE(r.mismatches.empty()) << c.to;
    EXPECT_TRUE(ReportVtdCapture(texts.Capture()).differs) << c.to;
  }
}

// Two domains that use one IOVA; the invalidations tell whose unmap it is.
TEST(VtdReplay, DomainsAreHeldApart) {
  VtdTexts texts;
  texts.ftrace =
      "a-1 [000] ..... 1.000001: map: IOMMU: iova=0x1000 - 0x2000 "
      "paddr=0xa000 size=4096\n"
      "a-1 [000] ..... 1.000002: map: IOMMU: iova=0x1000 - 0x2000 "
      "paddr=0xb000 size=4096\n"
      "a-1 [000] ..... 1.000003: unmap: IOMMU: iova=0x1000 - 0x2000 size=4096 "
      "unmapped_size=4096\n"
      "a-1 [000] ..... 1.000004: qi_submit: iotlb_inv dmar0: 0x200f2 0x1000 "
      "0x0 0x0\n";
  texts.qemu =
      "vtd_iotlb_page_update IOTLB page update sid 0x8 iova 0x1000 slpte "
      "0xa003 domain 0x1\n"
      "vtd_dmar_translate dev 00:01.00 iova 0x1000 -> gpa 0xa000 mask 0xfff\n"
      "vtd_iotlb_page_update IOTLB page update sid 0x10 iova 0x1008 slpte "
      "0xb001 domain 0x2\n"
      "vtd_dmar_translate dev 00:02.00 iova 0x1000 -> gpa 0xb000 mask 0xfff\n"
      "vtd_dmar_fault sid 0x10 fault 5 addr 0x1010 write 1\n"
      "vtd_frr_new index 0 high 0xffff0500000010 low 0x1000\n"
      "vtd_fsts_ppf FSTS PPF bit set to 1\n"
      "vtd_fsts_ppf FSTS PPF bit set to 0\n"
      "vtd_inv_desc_iotlb_pages iotlb invalidate domain 0x2 addr 0x1000 mask "
      "0x0\n"
      "vtd_iotlb_page_hit IOTLB page hit sid 0x8 iova 0x1000 slpte 0xa003 "
      "domain 0x1\n"
      "vtd_dmar_translate dev 00:01.00 iova 0x1000 -> gpa 0xa000 mask 0xfff\n"
      "vtd_dmar_fault sid 0x10 fault 6 addr 0x1010 write 0\n"
      "vtd_frr_new index 0 high 0x40ffff0600000010 low 0x1000\n"
      // Another device, while that record waits: it has no context.
      "vtd_dmar_fault sid 0x18 fault 2 addr 0x5000 write 0\n";
  const VtdReplay r = Replayed(texts);
  EXPECT_EQ(Of(r.translations), "3/3");
  EXPECT_EQ(Of(r.hits), "3/3");
  EXPECT_EQ(Of(r.faults), "3/3");
  EXPECT_EQ(Of(r.records), "3/3");
  EXPECT_EQ(r.faults_overflowed, 1u);
  EXPECT_EQ(r.maps_without_domain, 0u);
  for (const VtdMismatch& m : r.mismatches) ADD_FAILURE() << m.what;
}

// Lines cut, doubled, swapped and overwritten: any files have an end.
TEST(VtdReplay, DamagedFiles) {
  const VtdTexts recorded = RecordedVtd();
  sim::Random random(3, 3);
  int replayed = 0;
  for (int n = 0; n < 60; ++n) {
    VtdTexts texts = recorded;
    for (std::string* text : {&texts.qemu, &texts.ftrace, &texts.dmesg}) {
      for (uint64_t i = random.Below(6); i > 0; --i) {
        const size_t at = random.Below(text->size());
        const size_t size = random.Below(400);
        if (random.Chance(1, 3)) {
          text->erase(at, size);
        } else if (random.Chance(1, 2)) {
          text->insert(at, text->substr(random.Below(text->size()), size));
        } else {
          (*text)[at] = static_cast<char>(random.Next64());
        }
      }
    }
    const VtdCapture capture = texts.Capture();
    replayed += OrderVtdCapture(capture).ok();
    EXPECT_FALSE(ReportVtdCapture(capture).text.empty());
  }
  EXPECT_GT(replayed, 5);
}

}  // namespace
}  // namespace iovalab
