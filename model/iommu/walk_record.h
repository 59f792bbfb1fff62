#ifndef IOVALAB_MODEL_IOMMU_WALK_RECORD_H_
#define IOVALAB_MODEL_IOMMU_WALK_RECORD_H_

// RecordWalk: every step of a walk as events, for those who want to see it.
//
// Not for: finding out what a walk comes to; it is walked a second time.
//
// Invariant: nothing but the trace changes.

#include <cstdint>

#include "model/iommu/page_table.h"
#include "model/store/sink.h"

namespace iovalab {

// An event kWalk for each entry that hardware reads for `input`, the root's
// first.
void RecordWalk(const PageTable& table, uint64_t input, bool write, Sink& sink);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_WALK_RECORD_H_
