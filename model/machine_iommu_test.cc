// The platform's IOMMU in the machine: its faults, format by format.

#include <vector>

#include "gtest/gtest.h"
#include "model/iommu/fault_queue.h"
#include "model/machine.h"
#include "model/machine_testing.h"

namespace iovalab {
namespace {

absl::Span<const absl::string_view> ValuesOf(absl::string_view name) {
  for (const FieldInfo& field : GetKind(Kind::kIommuFault).fields) {
    if (field.name == name) return field.values;
  }
  return {};
}

// model/event may not use model/iommu: it has the names a second time.
TEST(IommuFaultEvent, NamesAreThoseOfTheHardware) {
  const auto reasons = ValuesOf("reason");
  ASSERT_EQ(reasons.size(), static_cast<size_t>(kIommuFaults));
  for (int i = 0; i < kIommuFaults; ++i) {
    EXPECT_EQ(reasons[i], IommuFaultName(static_cast<IommuFault>(i)));
  }
  const auto dialects = ValuesOf("dialect");
  ASSERT_EQ(dialects.size(), static_cast<size_t>(kFaultDialects) + 1);
  for (int i = 0; i < kFaultDialects; ++i) {
    EXPECT_EQ(dialects[i], FaultDialectName(static_cast<FaultDialect>(i)));
  }
  const auto fates = ValuesOf("fate");
  for (size_t i = 0; i < fates.size(); ++i) {
    EXPECT_EQ(fates[i], FaultFateName(static_cast<FaultFate>(i)));
  }
}

// Probes of nothing at the same time, and one when the driver is through.
Scenario ProbesOfNothing(int at_once) {
  Scenario s;
  s.name = "probes";
  for (int i = 0; i <= at_once; ++i) {
    StepSpec step;
    step.label = std::string("p") + std::to_string(i);
    step.kind = StepKind::kProbe;
    step.at_ns = i == at_once ? 1'000'000 : 1000;
    step.iova = {Iova(0x1000u * (i + 1)), Iova(0x1000u * (i + 1) + 7)};
    s.steps.push_back(step);
  }
  return s;
}

// The fates of the faults, in their order, as letters.
std::string Fates(const Scenario& scenario, absl::string_view format) {
  RunPolicies policies = TestPolicies(StrategyByName("gpa"), "vp_vdpa");
  policies.iommu = FindIommuDriver(format);
  policies.device.iova_last = policies.iommu->aperture_last();
  const RunResult run =
      RunScenario(scenario, policies, 1, {.check_tables = true});
  std::string fates;
  for (EventIndex i = 0; i < run.trace.size(); ++i) {
    if (run.trace.event(i).kind != Kind::kIommuFault) continue;
    const uint64_t fate = FieldOf(run.trace, i, "fate");
    EXPECT_EQ(FieldOf(run.trace, i, "reported"), fate == 0 ? 1u : 0u);
    fates += "RCOL"[fate];
  }
  return fates;
}

// Four at once, one later. VT-d's one register keeps the first.
TEST(MachineIommu, FaultsThatFindNoPlaceAreLost) {
  Scenario scenario = ProbesOfNothing(4);
  EXPECT_EQ(Fates(scenario, "vtd3"), "RCCCR");
  EXPECT_EQ(Fates(scenario, "amdv1"), "RRRRR");
  EXPECT_EQ(Fates(scenario, "toy"), "RRRRR");
  scenario.iommu.fault_records = 2;
  EXPECT_EQ(Fates(scenario, "s390"), "RROLR");
  EXPECT_EQ(Fates(scenario, "vtd4"), "RCCCR");
  scenario.iommu.compress_source = false;
  EXPECT_EQ(Fates(scenario, "vtd4"), "RROLR");
  EXPECT_EQ(Fates(scenario, "riscv39"), "RROLR");
  // Without a latch each finds the queue full.
  EXPECT_EQ(Fates(scenario, "lpae_s2"), "RROOR");
}

}  // namespace
}  // namespace iovalab
