#ifndef IOVALAB_LAB_COMPARE_NARRATIVE_IOMMU_H_
#define IOVALAB_LAB_COMPARE_NARRATIVE_IOMMU_H_

// The narrative's lines of an IOMMU's faults: where the walk ended, and what
// Linux prints, in its wording, where software heard of it.
//
// Not for: callers outside narrative.cc.

#include <string>

#include "model/event/trace.h"

namespace iovalab {

// Of an event kIommuFault; may have several lines.
std::string IommuFaultLine(const Trace& trace, EventIndex i);

}  // namespace iovalab

#endif  // IOVALAB_LAB_COMPARE_NARRATIVE_IOMMU_H_
