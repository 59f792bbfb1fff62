#include "lab/import/vtd/vtd_scenario.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "fmt/format.h"
#include "gtest/gtest.h"
#include "lab/compare/compare.h"
#include "lab/compare/expect.h"
#include "lab/compare/narrative_iommu.h"
#include "lab/compare/outcome.h"
#include "lab/compare/run_policies.h"
#include "lab/import/vtd/vtd_live_maps.h"
#include "lab/import/vtd/vtd_testing.h"
#include "lab/scenario/scenario_load.h"
#include "lab/scenario/scenario_print.h"
#include "lab/trace/trace_fields.h"
#include "sim/random.h"
#include "util/fmt_absl.h"

namespace iovalab {
namespace {

absl::StatusOr<VtdScenario> Imported(const VtdTexts& texts,
                                     size_t max_expects = 1000) {
  VtdScenarioOptions options;
  options.source = "a test";
  options.max_expects = max_expects;
  const VtdCapture capture = texts.Capture();
  const auto order = OrderVtdCapture(capture);
  if (!order.ok()) return order.status();
  return ScenarioFromVtd(capture, *order, options);
}

struct Ran {
  RunResult result;
  Outcome outcome;
  std::vector<std::string> failures;
};

// As a file that was written and read again.
Ran RunOf(const pb::Scenario& scenario) {
  const auto loaded =
      LoadScenario("imported.textproto", CanonicalText(scenario));
  EXPECT_TRUE(loaded.ok()) << loaded.status();
  if (!loaded.ok()) return {};
  const Policies policies = BasePolicies(loaded->axes);
  const ResolvedPolicies resolved = ResolvePolicies(policies, loaded->spec);
  EXPECT_EQ(resolved.not_applicable, "");
  Ran ran;
  ran.result = RunOne(*loaded, policies, resolved.run, {});
  ran.outcome = ReadOutcome(ran.result);
  for (int i = 0; i < scenario.expect_size(); ++i) {
    for (std::string& failure :
         CheckExpect(scenario.expect(i), i, ran.result, ran.outcome)) {
      ran.failures.push_back(std::move(failure));
    }
  }
  return ran;
}

// "read 0xdead0000 reason 6 by 0x28, recorded".
std::string FaultLine(bool write, uint64_t address, uint64_t reason,
                      uint64_t source, bool recorded) {
  return fmt::format("{} 0x{:x} reason {} by 0x{:x}, {}",
                     write ? "write" : "read", address, reason, source,
                     recorded ? "recorded" : "lost");
}

// Of QEMU's trace, by its lines alone.
std::vector<std::string> RecordedFaults(const VtdCapture& capture) {
  std::vector<std::string> faults;
  for (size_t i = 0; i < capture.qemu.size(); ++i) {
    const VtdLine& l = capture.qemu[i];
    if (l.kind != VtdLineKind::kFault) continue;
    const bool recorded = i + 1 < capture.qemu.size() &&
                          capture.qemu[i + 1].kind == VtdLineKind::kRecord;
    faults.push_back(
        FaultLine(l.write, l.address, l.reason, l.source, recorded));
  }
  return faults;
}

std::vector<std::string> FaultsOf(const Trace& trace) {
  std::vector<std::string> faults;
  for (EventIndex i = 0; i < trace.size(); ++i) {
    if (trace.event(i).kind != Kind::kIommuFault) continue;
    const EventFields f(trace, i);
    faults.push_back(FaultLine(f["access"] == 2, f["iova"], f["code"],
                               f["source_id"], f["reported"] != 0));
  }
  return faults;
}

std::vector<std::string> DmesgOf(const Trace& trace) {
  std::vector<std::string> lines;
  for (EventIndex i = 0; i < trace.size(); ++i) {
    if (trace.event(i).kind != Kind::kIommuFault) continue;
    for (std::string& line : IommuFaultDmesg(trace, i)) {
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

// Every recorded fault is one of the run's, in order, and the run has no other.
TEST(VtdScenario, TheRecordedRun) {
  const VtdTexts texts = RecordedVtd();
  const VtdCapture capture = texts.Capture();
  const auto imported = Imported(texts);
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(imported->Text(),
            "device 00:05.0, 273 maps, 273 unmaps, 50 translations, 30 faults");
  const Ran ran = RunOf(imported->scenario);
  EXPECT_EQ(ran.outcome.ended, Ended::kCompleted);
  EXPECT_EQ(ran.outcome.verdict, Verdict::kSafe);
  EXPECT_EQ(ran.failures, std::vector<std::string>{});

  const std::vector<std::string> recorded = RecordedFaults(capture);
  EXPECT_EQ(recorded.size(), 30u);
  EXPECT_EQ(FaultsOf(ran.result.trace), recorded);

  // dmesg was read before the last faults came: what it has is the beginning.
  std::vector<std::string> dmesg = DmesgOf(ran.result.trace);
  EXPECT_EQ(dmesg.size(), 6u);
  std::vector<std::string> printed;
  for (const VtdLine& l : capture.dmesg) {
    if (l.kind == VtdLineKind::kDmesgFault) printed.push_back(l.text);
  }
  ASSERT_EQ(printed.size(), 3u);
  dmesg.resize(3);
  EXPECT_EQ(dmesg, printed);

  // Every access is one of QEMU's, and the other way round.
  EXPECT_EQ(ran.outcome.accesses.size(), 80u);
  uint64_t ok = 0;
  for (const AccessOutcome& a : ran.outcome.accesses) {
    ok += a.access_class == AccessClass::kOk;
  }
  EXPECT_EQ(ok, 50u);
  EXPECT_EQ(ok, capture.Count(VtdLineKind::kTranslate));
}

TEST(VtdScenario, MostExpectations) {
  const auto imported = Imported(RecordedVtd(), 60);
  ASSERT_TRUE(imported.ok());
  ASSERT_EQ(imported->scenario.expect_size(), 1);
  EXPECT_EQ(imported->scenario.expect(0).access_size(), 50);
  EXPECT_EQ(imported->scenario.expect(0).iommu_fault_size(), 10);
  EXPECT_EQ(RunOf(imported->scenario).failures, std::vector<std::string>{});
}

struct Altered {
  std::string VtdTexts::*file;
  absl::string_view from, to;
  absl::string_view failure;  // a part of the first
};

// What the run is held to is what QEMU recorded.
TEST(VtdScenario, AlteredRecordings) {
  const Altered cases[] = {
      {&VtdTexts::qemu, "gpa 0x2a4b000", "gpa 0x2a4c000",
       "lands_gpa: wanted 0x2a4c040, got 0x2a4b040"},
      {&VtdTexts::ftrace, "paddr=0x0000000059ec1000",
       "paddr=0x0000000059ec2000", "lands_gpa: wanted 0x59ec1000"},
      {&VtdTexts::ftrace, ": map: IOMMU: iova=0x00000000ffff9000",
       ": nap: IOMMU: iova=0x00000000ffff9000", "wanted OK, got DMA_FAULT"},
      {&VtdTexts::qemu, "fault 5 addr 0x3cafe100c write 1",
       "fault 5 addr 0x3cafe100c write 0", "code 0x6"},
      {&VtdTexts::qemu,
       "vtd_iotlb_page_hit IOTLB page hit sid 0x28 iova 0xfffff030 slpte "
       "0x59ec1003 domain 0x3",
       "vtd_dmar_fault sid 0x28 fault 6 addr 0xfffff030 write 0",
       "no fault of the IOMMU's"},
      // A record that the driver did not take.
      {&VtdTexts::qemu, "vtd_fsts_ppf FSTS PPF bit set to 0", "none",
       "not reported"},
  };
  for (const Altered& c : cases) {
    VtdTexts texts = RecordedVtd();
    ASSERT_GT(absl::StrReplaceAll({{c.from, c.to}}, &(texts.*c.file)), 0)
        << c.from;
    const auto imported = Imported(texts);
    ASSERT_TRUE(imported.ok()) << imported.status();
    const Ran ran = RunOf(imported->scenario);
    ASSERT_FALSE(ran.failures.empty()) << c.to;
    EXPECT_TRUE(absl::StrContains(ran.failures[0], c.failure))
        << ran.failures[0];
  }
}

// Two devices in domains of their own. The one that faults most is taken, with
// its own domain's maps, and what it did in another is left out.
TEST(VtdScenario, OneDevice) {
  VtdTexts texts;
  texts.ftrace =
      "a-1 [000] ..... 1.000001: map: IOMMU: iova=0x1000 - 0x2000 "
      "paddr=0xa000 size=4096\n"
      "a-1 [000] ..... 1.000002: map: IOMMU: iova=0x1000 - 0x2000 "
      "paddr=0x10000b000 size=4096\n"
      "a-1 [000] ..... 1.000002: map: IOMMU: iova=0x7000 - 0x8000 "
      "paddr=0xc000 size=4096\n"
      "a-1 [000] ..... 1.000003: unmap: IOMMU: iova=0x1000 - 0x2000 size=4096 "
      "unmapped_size=4096\n"
      "a-1 [000] ..... 1.000004: qi_submit: iotlb_inv dmar0: 0x200f2 0x1000 "
      "0x0 0x0\n";
  texts.qemu =
      "vtd_iotlb_page_update IOTLB page update sid 0x10 iova 0x1000 slpte "
      "0xa003 domain 0x1\n"
      "vtd_dmar_translate dev 00:02.00 iova 0x1000 -> gpa 0xa000 mask 0xfff\n"
      "vtd_iotlb_page_update IOTLB page update sid 0x8 iova 0x1000 slpte "
      "0xa003 domain 0x1\n"
      "vtd_dmar_translate dev 00:01.00 iova 0x1000 -> gpa 0xa000 mask 0xfff\n"
      "vtd_iotlb_page_update IOTLB page update sid 0x10 iova 0x1008 slpte "
      "0x10000b001 domain 0x2\n"
      "vtd_dmar_translate dev 00:02.00 iova 0x1000 -> gpa 0x10000b000 mask "
      "0xfff\n"
      "vtd_dmar_fault sid 0x10 fault 5 addr 0x1010 write 1\n"
      "vtd_frr_new index 0 high 0xffff0500000010 low 0x1000\n"
      "vtd_fsts_ppf FSTS PPF bit set to 1\n"
      "vtd_fsts_ppf FSTS PPF bit set to 0\n"
      "vtd_inv_desc_iotlb_pages iotlb invalidate domain 0x2 addr 0x1000 mask "
      "0x0\n"
      "vtd_dmar_fault sid 0x10 fault 6 addr 0x1010 write 0\n"
      "vtd_frr_new index 0 high 0x40ffff0600000010 low 0x1000\n"
      "vtd_dmar_fault sid 0x10 fault 2 addr 0x5000 write 0\n"
      "vtd_dmar_fault sid 0x8 fault 6 addr 0x5000 write 0\n"
      "vtd_iotlb_page_update IOTLB page update sid 0x10 iova 0x9008 slpte "
      "0xb001 domain 0x2\n"
      "vtd_dmar_translate dev 00:02.00 iova 0x9000 -> gpa 0xb000 mask 0xfff\n";
  const auto imported = Imported(texts);
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(imported->Text(),
            "device 00:02.0, 1 maps, 1 unmaps, 1 translations, 2 faults; left "
            "out: 1 faults of contexts or tables, 1 accesses in another "
            "domain, 1 accesses of what was mapped past the ftrace's end, 1 "
            "maps of no known domain");
  const Ran ran = RunOf(imported->scenario);
  EXPECT_EQ(ran.failures, std::vector<std::string>{});
  EXPECT_EQ(FaultsOf(ran.result.trace),
            (std::vector<std::string>{
                "write 0x1010 reason 5 by 0x10, recorded",
                "read 0x1010 reason 6 by 0x10, recorded",
            }));
}

TEST(VtdScenario, NoAccess) {
  VtdTexts texts;
  texts.ftrace =
      "a-1 [000] ..... 1.000004: qi_submit: iotlb_inv dmar0: 0x200f2 0x1000 "
      "0x0 0x0\n";
  texts.qemu =
      "vtd_inv_desc_iotlb_pages iotlb invalidate domain 0x2 addr 0x1000 mask "
      "0x0\n";
  const absl::Status status = Imported(texts).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
}

// Whatever is imported loads and runs to its end.
TEST(VtdScenario, DamagedFiles) {
  const VtdTexts recorded = RecordedVtd();
  sim::Random random(3, 4);
  int imported = 0;
  for (int n = 0; n < 40; ++n) {
    VtdTexts texts = recorded;
    for (std::string* text : {&texts.qemu, &texts.ftrace, &texts.dmesg}) {
      for (uint64_t i = random.Below(20); i > 0; --i) {
        const size_t at = random.Below(text->size());
        if (random.Chance(1, 3)) {
          text->erase(at, random.Below(400));
        } else {
          (*text)[at] = "0123456789abcdef"[random.Below(16)];
        }
      }
    }
    const auto made = Imported(texts);
    if (!made.ok()) continue;
    ++imported;
    EXPECT_EQ(RunOf(made->scenario).outcome.ended, Ended::kCompleted);
  }
  EXPECT_GT(imported, 5);
}

TEST(VtdLiveMaps, PartsAreTakenOut) {
  VtdLiveMaps live;
  live.Add({0x1000, 0x3fff, 0xa000});
  live.Add({0x8000, 0x8fff, 0xf000});
  EXPECT_EQ(live.most(), 2u);
  using Maps = std::vector<VtdLiveMap>;
  EXPECT_EQ(live.Remove(0x4000, 0x7fff), Maps{});
  EXPECT_EQ(live.Remove(0x2000, 0x2fff), (Maps{{0x2000, 0x2fff, 0xb000}}));
  EXPECT_FALSE(live.Has(0x2fff));
  EXPECT_TRUE(live.Has(0x3000));
  EXPECT_TRUE(live.Has(0x1fff));
  EXPECT_EQ(live.Remove(0, UINT64_MAX), (Maps{{0x1000, 0x1fff, 0xa000},
                                              {0x3000, 0x3fff, 0xc000},
                                              {0x8000, 0x8fff, 0xf000}}));
  EXPECT_EQ(live.Remove(0, UINT64_MAX), Maps{});
}

}  // namespace
}  // namespace iovalab
