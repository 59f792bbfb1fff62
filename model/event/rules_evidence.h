#ifndef IOVALAB_MODEL_EVENT_RULES_EVIDENCE_H_
#define IOVALAB_MODEL_EVENT_RULES_EVIDENCE_H_

// Short names for the rows of rules_qemu.h, rules_kernel.h and rules_device.h.
//
// Not for: anybody else.

#include "model/event/rules.h"

namespace iovalab {

inline constexpr auto kRec = Evidence::kRecorded;
inline constexpr auto kSrc = Evidence::kSource;
inline constexpr auto kDer = Evidence::kDerived;

}  // namespace iovalab

#endif  // IOVALAB_MODEL_EVENT_RULES_EVIDENCE_H_
