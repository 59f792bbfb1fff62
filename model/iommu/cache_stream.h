#ifndef IOVALAB_MODEL_IOMMU_CACHE_STREAM_H_
#define IOVALAB_MODEL_IOMMU_CACHE_STREAM_H_

// What an access to many leaves leaves behind in the caches, at the cost of
// what they hold.
//
// A device asks for one leaf after the other. Where no cache has anything of
// what is ahead, every request goes all the way, and each cache goes on as if
// it were alone: it takes an entry of its size each time that it has come to
// the end of the one before. Some capacities' worth later the entries are all
// such ones, and so many more change nothing but addresses: they are skipped.
// Where a cache has something ahead, the leaves there are touched one by one.
//
// Not for: what the first byte of an access finds (translation_unit.h).
//
// Invariants: all caches are as if every page had been asked for by itself
// (translation_unit_slow.h); the cost is O(what the caches hold and held
// before) for each run of leaves, not O(leaves).

#include <cstdint>

#include "model/iommu/invalidation.h"
#include "model/iommu/page_table.h"

namespace iovalab {

// Touches the leaves of [iova, last], which are all mapped and grant `access`.
// Answers the last byte before one for which a cache has something else or a
// walk would read a freed table; `last` where there is none.
uint64_t TouchLeaves(IommuCaches& caches, uint32_t domain,
                     const PageTable& table, uint64_t iova, uint64_t last,
                     uint32_t access);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_CACHE_STREAM_H_
