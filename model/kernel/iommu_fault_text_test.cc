#include "model/kernel/iommu_fault_text.h"

#include "gtest/gtest.h"

namespace iovalab {
namespace {

using A = FaultAccess;
using D = FaultDialect;
using R = IommuFault;
using Lines = std::vector<std::string>;

Lines TextOf(const DmaFault& fault) {
  return FaultText(fault.dialect, ToRecord(fault));
}

// Recorded: q35-2g-vtd-linux/dmesg-dmar.txt lines 411 to 416.
TEST(FaultText, VtdAsRecorded) {
  EXPECT_EQ(TextOf(*MakeFault(D::kVtdLegacy, {R::kNotPresent, A::kRead}, 0x28,
                              0xdead0000)),
            Lines{"DMAR: [DMA Read NO_PASID] Request device [00:05.0] fault "
                  "addr 0xdead0000 [fault reason 0x06] PTE Read access is not "
                  "set"});
  EXPECT_EQ(VtdStatusText(false, true),
            "DMAR: DRHD: handling fault status reg 2");
}

// Reports on public lists: a Thunderbolt controller's writes (kernel bug
// 214259), a kdump kernel without PASID entries.
TEST(FaultText, VtdAsReported) {
  EXPECT_EQ(TextOf(*MakeFault(D::kVtdLegacy, {R::kPermission, A::kWrite}, 0x500,
                              0x69974010)),
            Lines{"DMAR: [DMA Write NO_PASID] Request device [05:00.0] fault "
                  "addr 0x69974000 [fault reason 0x05] PTE Write access is not "
                  "set"});
  EXPECT_EQ(
      TextOf(*MakeFault(D::kVtdScalable,
                        {R::kNoContext, A::kRead, 1, FaultPlace::kPasidContext},
                        0x8100, 0xffffd000))[0],
      "DMAR: [DMA Read NO_PASID] Request device [81:00.0] fault addr "
      "0xffffd000 [fault reason 0x59] SM: Present bit in PASID Table Entry is "
      "clear");
  auto with =
      MakeFault(D::kVtdScalable, {R::kNotPresent, A::kWrite, 1}, 0x0a, 0x1000);
  with->has_pasid = true;
  with->pasid = 0x2a;
  EXPECT_EQ(TextOf(*with)[0],
            "DMAR: [DMA Write PASID 0x2a] Request device [00:01.2] fault addr "
            "0x1000 [fault reason 0x71] SM: Present bit in first-level paging "
            "entry is clear");
}

TEST(FaultText, Amd) {
  auto fault =
      MakeFault(D::kAmd, {R::kPermission, A::kWrite}, 0x400, 0x10b4a01e0);
  EXPECT_EQ(TextOf(*fault),
            Lines{"AMD-Vi: Event logged [IO_PAGE_FAULT device=0000:04:00.0 "
                  "domain=0x0000 address=0x10b4a01e0 flags=0x0070]"});
  fault = MakeFault(D::kAmd, {R::kNoContext, A::kRead, 2, FaultPlace::kContext},
                    0x28, 0x1000);
  EXPECT_EQ(TextOf(*fault)[0],
            "AMD-Vi: Event logged [ILLEGAL_DEV_TABLE_ENTRY "
            "device=0000:00:05.0 pasid=0x00000 address=0x1000 flags=0x0000]");
}

TEST(FaultText, SmmuAndRiscv) {
  const Lines smmu = TextOf(
      *MakeFault(D::kSmmuV3, {R::kNotPresent, A::kRead}, 0x28, 0xdead0000));
  ASSERT_EQ(smmu.size(), 5u);
  EXPECT_EQ(smmu[0], "arm-smmu-v3 arm-smmu-v3.0.auto: event 0x10 received:");
  EXPECT_EQ(smmu[1], "arm-smmu-v3 arm-smmu-v3.0.auto: \t0x0000002800000010");
  EXPECT_EQ(smmu[3], "arm-smmu-v3 arm-smmu-v3.0.auto: \t0x00000000dead0000");
  EXPECT_EQ(TextOf(*MakeFault(D::kRiscv, {R::kNotPresent, A::kWrite, 2}, 0x28,
                              0xdead0000)),
            Lines{"riscv,iommu: Fault 23 devid: 0x28 iotval: dead0000 "
                  "iotval2: 0"});
}

TEST(FaultText, NothingOfAnEmptyRecord) {
  EXPECT_TRUE(FaultText(D::kVtdLegacy, {}).empty());
}

}  // namespace
}  // namespace iovalab
