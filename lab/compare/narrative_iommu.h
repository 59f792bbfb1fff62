#ifndef IOVALAB_LAB_COMPARE_NARRATIVE_IOMMU_H_
#define IOVALAB_LAB_COMPARE_NARRATIVE_IOMMU_H_

// An IOMMU's faults and invalidations as a trace has them: what Linux prints,
// in its wording, where software heard of it, and the narrative's lines.
//
// Not for: fault records that no trace holds (model/kernel/iommu_fault_text.h).

#include <string>
#include <vector>

#include "model/event/trace.h"

namespace iovalab {

// The lines of dmesg, of an event kIommuFault: none where it was not reported,
// or where we know of none.
std::vector<std::string> IommuFaultDmesg(const Trace& trace, EventIndex i);

// Where the walk ended, and those; of an event kIommuFault; may have several
// lines.
std::string IommuFaultLine(const Trace& trace, EventIndex i);

// How many translations its caches forgot; of an event kInvalidated. "" where
// they had none.
std::string InvalidatedLine(const Trace& trace, EventIndex i);

// Which entry was damaged, and how; of an event kPoison.
std::string PoisonLine(const Trace& trace, EventIndex i);

}  // namespace iovalab

#endif  // IOVALAB_LAB_COMPARE_NARRATIVE_IOMMU_H_
