#ifndef IOVALAB_LAB_CONFORM_CONFORM_RISCV_IOMMU_H_
#define IOVALAB_LAB_CONFORM_CONFORM_RISCV_IOMMU_H_

// Recordings of the RISC-V IOMMU reference model: tables as words of memory,
// and walks of them with their results or fault records.
//
// Not for: users of conform (conform.h).

#include "lab/conform/conform_kind.h"

namespace iovalab {

extern const ConformKind kConformRiscvIommu;

}  // namespace iovalab

#endif  // IOVALAB_LAB_CONFORM_CONFORM_RISCV_IOMMU_H_
