#ifndef IOVALAB_MODEL_IOMMU_FAMILIES_H_
#define IOVALAB_MODEL_IOMMU_FAMILIES_H_

// From a format's row to its family as a type: one branch a walk, none an
// entry.
//
// Not for: anything but calling code that has the family as a parameter.

#include <utility>

#include "model/iommu/amd_v1.h"
#include "model/iommu/format.h"
#include "model/iommu/lpae.h"
#include "model/iommu/riscv.h"
#include "model/iommu/s390.h"
#include "model/iommu/toy.h"
#include "model/iommu/vtd.h"

namespace iovalab {

// Calls f.template operator()<TheFamily>().
template <typename Fn>
inline auto WithFamily(Family family, Fn&& f) {
  switch (family) {
    case Family::kVtd:
      return f.template operator()<VtdFamily>();
    case Family::kAmdV1:
      return f.template operator()<AmdV1Family>();
    case Family::kLpaeS1:
      return f.template operator()<LpaeS1Family>();
    case Family::kLpaeS2:
      return f.template operator()<LpaeS2Family>();
    case Family::kS390:
      return f.template operator()<S390Family>();
    case Family::kRiscvS:
      return f.template operator()<RiscvSFamily>();
    case Family::kRiscvG:
      return f.template operator()<RiscvGFamily>();
    case Family::kToy:
      break;
  }
  return f.template operator()<ToyFamily>();
}

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_FAMILIES_H_
