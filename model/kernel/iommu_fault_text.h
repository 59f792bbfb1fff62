#ifndef IOVALAB_MODEL_KERNEL_IOMMU_FAULT_TEXT_H_
#define IOVALAB_MODEL_KERNEL_IOMMU_FAULT_TEXT_H_

// What Linux's IOMMU drivers print for a fault that they were handed: the
// wording that readers of dmesg know.
//
//   VT-d    6.1 drivers/iommu/intel/dmar.c dmar_fault_do_one (recorded:
//           q35-2g-vtd-linux)
//   AMD     6.1 drivers/iommu/amd/iommu.c iommu_print_event
//   SMMUv3  6.1 drivers/iommu/arm/arm-smmu-v3 arm_smmu_evtq_thread
//   RISC-V  6.13 drivers/iommu/riscv/iommu.c riscv_iommu_fault
//   s390    no line is known to us: none
//
// Not for: faults that were not reported; Linux does not know them.
//
// Invariant: lines are without time stamp and without newline.

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "model/iommu/fault.h"
#include "model/iommu/fault_record.h"

namespace iovalab {

// "00:05.0" from bus << 8 | device << 3 | function.
std::string DeviceText(uint32_t source_id);

// The lines; none where the bytes are no record. Drivers print what the record
// says, not what happened (VT-d: the page, not the byte).
std::vector<std::string> FaultText(FaultDialect dialect,
                                   const FaultRecord& record);

// The line that VT-d's handler prints first: the fault status register. Bits:
// 0 overflow (PFO), 1 pending (PPF).
std::string VtdStatusText(bool overflow, bool pending);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_KERNEL_IOMMU_FAULT_TEXT_H_
