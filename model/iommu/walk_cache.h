#ifndef IOVALAB_MODEL_IOMMU_WALK_CACHE_H_
#define IOVALAB_MODEL_IOMMU_WALK_CACHE_H_

// What a walk keeps of the pointers to tables that it read, and which of those
// kept point to a table that is no more.
//
// Not for: translations (cache_path.h).
//
// Invariant: a table's address follows from its position (PageTable), so a
// table that is freed and created again is where it was: an old pointer to it
// is right again.

#include <cstdint>
#include <optional>

#include "model/iommu/iotlb.h"
#include "model/iommu/page_table.h"

namespace iovalab {

// The pointers that a walk for `iova` down to the leaf read come into the
// cache. Those above one that was there already were read before.
void FillWalkCache(Iotlb& walk, uint32_t domain, const PageTable& table,
                   uint64_t iova, int leaf_level);

// log2 of the bytes for which the lowest pointer is that the cache keeps of a
// walk to this level; nothing where it keeps none of them.
std::optional<int> LowestPointer(const Iotlb& walk, const Format& format,
                                 int leaf_level);

// The level of the table to which there is no pointer (any more) for 2^shift
// bytes around `iova`.
std::optional<int> GoneTable(const PageTable& table, int shift, uint64_t iova);

// The same where the cache has one all the same, which a walk would follow.
// Counts as a use.
std::optional<int> FreedTable(Iotlb& walk, uint32_t domain,
                              const PageTable& table, uint64_t iova);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_WALK_CACHE_H_
