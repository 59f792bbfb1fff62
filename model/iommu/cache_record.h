#ifndef IOVALAB_MODEL_IOMMU_CACHE_RECORD_H_
#define IOVALAB_MODEL_IOMMU_CACHE_RECORD_H_

// What a translation cache holds, as stores of L4 (store_id.h kHwIotlb, kAtc,
// kWalkCache): one for each size of entry, since entries of two sizes may
// overlap. Entries that follow each other in both addresses and came together
// are one run.
//
// Not for: look-ups, which are Iotlb's.
//
// Invariant: after RecordCache the stores of `kind` hold what the cache does.

#include "model/event/rules.h"
#include "model/iommu/iotlb.h"
#include "model/store/sink.h"

namespace iovalab {

constexpr StoreId CacheStore(StoreKind kind, const IotlbEntry& entry) {
  return {kind, entry.shift};
}

// Records as deltas what changed in the cache since the last time. The cache
// keeps its changes, and is of one domain without PASIDs. `came`, `went`: why
// entries did.
void RecordCache(Iotlb& cache, StoreKind kind, Rule came, Rule went,
                 Sink& sink);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_CACHE_RECORD_H_
