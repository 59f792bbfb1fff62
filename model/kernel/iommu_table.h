#ifndef IOVALAB_MODEL_KERNEL_IOMMU_TABLE_H_
#define IOVALAB_MODEL_KERNEL_IOMMU_TABLE_H_

// What the platform IOMMU's table of a domain holds, for those who change it
// (iommu_domain.h): leaves of VT-d's second level, kept as runs. It is the seam
// where a table of another format can be put in.
//
// A run is an entry of store kIommu: leaves that follow each other in IOVA and
// in host physical memory. Each leaf is the biggest of 4 KiB, 2 MiB and 1 GiB
// that lies whole in the run and is aligned in both, which is what Linux's
// iommu_map chooses; so a run stands for its leaves, whatever their number.
//
// Not for: flushes, alignment and errno (iommu_domain.h), nor DMA
// (model/device/dma.h).
//
// Invariants: runs are whole pages; what is left of a cut run has the leaves
// that it had in the whole, as cuts are made between leaves.

#include <cstdint>

#include "model/addr/address.h"
#include "model/addr/range.h"
#include "model/store/sink.h"

namespace iovalab {

inline constexpr StoreId kIommuStore{StoreKind::kIommu, 0};

// The leaf of `run` that holds `iova`, which the run does.
Range<Iova> IommuLeafAt(const Entry& run, uint64_t iova);

// Writes the leaves of `run`. Where there are some already they stay.
void IommuTableMap(const Entry& run, Rule rule, Sink& sink);

// Clears every leaf that touches [first, last], whole. Answers the end of the
// last one, or `last` where that is higher.
uint64_t IommuTableUnmap(uint64_t first, uint64_t last, Rule rule, Sink& sink);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_KERNEL_IOMMU_TABLE_H_
