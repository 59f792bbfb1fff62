#ifndef IOVALAB_MODEL_IOMMU_FAULT_REASON_H_
#define IOVALAB_MODEL_IOMMU_FAULT_REASON_H_

// FaultReason: why an IOMMU refused an access, whatever the hardware.
//
// Not for: native codes (fault.h).

#include <cstdint>

#include "absl/strings/string_view.h"

namespace iovalab {

enum class FaultReason : uint8_t {
  kNone,
  kNoContext,     // no device context, or an invalid one
  kTableFetch,    // an entry could not be read
  kTableCorrupt,  // an entry was read, and known to be damaged
  kNotPresent,
  kPermission,
  kInputWidth,   // the address has more bits than the tables translate
  kOutputWidth,  // the entry's address has more bits than the machine
  kReservedBits,
  kAccessFlag,  // accessed or dirty flag clear, and hardware does not set it
  kTypeBlocked,
};

absl::string_view FaultReasonName(FaultReason reason);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_FAULT_REASON_H_
