#ifndef IOVALAB_MODEL_KERNEL_IO_PGTABLE_ARM_H_
#define IOVALAB_MODEL_KERNEL_IO_PGTABLE_ARM_H_

// Linux's library for LPAE tables (drivers/iommu/io-pgtable-arm.c of 6.1.192,
// recorded in the L vectors): what it does on top of the format. One call stays
// within one table; mapping over a leaf is -EEXIST, over a table it frees that;
// unmapping a part of a block splits it; empty tables stay until an unmap or a
// block takes their entry.
//
// Not for: the IOMMU core above it, which loops and checks alignment; quirks
// (none is set here); 32-bit and Mali formats.
//
// Invariants: nothing but the table changes; warnings are counted and go on as
// the kernel does.

#include <cstdint>

#include "model/iommu/page_table.h"

namespace iovalab {

// IOMMU_READ and so on (include/linux/iommu.h).
inline constexpr uint32_t kIommuRead = 1;
inline constexpr uint32_t kIommuWrite = 2;
inline constexpr uint32_t kIommuCache = 4;
inline constexpr uint32_t kIommuNoExec = 8;
inline constexpr uint32_t kIommuMmio = 16;
inline constexpr uint32_t kIommuPriv = 32;

struct IoPgtableResult {
  int ret = 0;         // of a map: 0 or -errno
  uint64_t bytes = 0;  // mapped or unmapped, modulo 2^64
  // WARN_ON hits; leaf invalidations asked for; walk-cache ones.
  uint32_t warn = 0, tlb_page = 0, tlb_walk = 0;
};

// The page sizes that the library accepts for a format: those of its granule,
// also where the tables have too few levels for the largest.
uint64_t IoPgtableArmSizes(const Format& f);

// arm_lpae_map_pages: pgcount pages of pgsize bytes. `f` is the table's format,
// made by LpaeFormat.
IoPgtableResult IoPgtableArmMap(PageTable& table, uint64_t iova, uint64_t paddr,
                                uint64_t pgsize, uint64_t pgcount,
                                uint32_t prot);
// arm_lpae_unmap_pages.
IoPgtableResult IoPgtableArmUnmap(PageTable& table, uint64_t iova,
                                  uint64_t pgsize, uint64_t pgcount);
// arm_lpae_iova_to_phys: 0 where there is none. No bounds are checked.
uint64_t IoPgtableArmPhys(const PageTable& table, uint64_t iova);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_KERNEL_IO_PGTABLE_ARM_H_
