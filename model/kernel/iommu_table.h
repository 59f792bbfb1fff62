#ifndef IOVALAB_MODEL_KERNEL_IOMMU_TABLE_H_
#define IOVALAB_MODEL_KERNEL_IOMMU_TABLE_H_

// IommuTable: the platform IOMMU's table of a domain, for those who change it
// (iommu_domain.h). It is kept twice: as the tables that hardware walks
// (model/iommu/page_table.h), and as runs in store kIommu, which are what a
// trace shows and a fold of it gives back.
//
// A run is leaves that follow each other in IOVA and in host physical memory.
// Each leaf is the biggest that the driver writes, lies whole in the run and is
// aligned in both, which is what Linux's iommu_map chooses; so a run stands for
// its leaves, whatever their number.
//
// Not for: flushes, alignment and errno (iommu_domain.h), nor DMA
// (model/device/dma.h).
//
// An entry may be damaged (store kPoison): then the tables hold there what the
// damage says, and the runs what the driver wrote.
//
// Invariants: runs are whole pages; what is left of a cut run has the leaves
// that it had in the whole, or where the driver splits leaves what it splits
// them to; IommuTableAgrees after each call.

#include <cstdint>
#include <memory>

#include "model/addr/address.h"
#include "model/addr/interval_table.h"
#include "model/addr/range.h"
#include "model/iommu/page_table.h"
#include "model/kernel/iommu_driver.h"
#include "model/store/sink.h"

namespace iovalab {

inline constexpr StoreId kIommuStore{StoreKind::kIommu, 0};
inline constexpr StoreId kPoisonStore{StoreKind::kPoison, 0};

struct IommuTable {
  // Of a driver in the table of drivers; of its leaves those that are also in
  // `leaf_sizes` (as IommuDriver::leaf_sizes, 4 KiB among them), 0: all.
  explicit IommuTable(const IommuDriver* d, uint64_t leaf_sizes = 0);

  // Shared by copies of the table; it never changes.
  std::shared_ptr<const IommuDriver> driver;
  PageTable pages;
  // A map since put leaves where tables were: who cares sets it back.
  bool freed_tables = false;
};

// The leaf of `run` that holds `iova`, which the run does.
Range<Iova> IommuLeafAt(const IommuDriver& driver, const Entry& run,
                        uint64_t iova);

// Writes the leaves of `run`. Where there are some already the driver decides:
// false, and nothing changed, where it refuses.
bool IommuTableMap(IommuTable& table, const Entry& run, Rule rule, Sink& sink);

// Clears the leaves that touch [first, last], as the driver does. Answers the
// end of the last one, or `last` where that is higher and the driver did not
// stop before; first - 1 (modulo 2^64) where it cleared nothing and stopped.
uint64_t IommuTableUnmap(IommuTable& table, uint64_t first, uint64_t last,
                         Rule rule, Sink& sink);

// Clears everything.
void IommuTableFree(IommuTable& table, Rule rule, Sink& sink);

// Puts `bits` into the entry of `level` (0: the last) for `iova`, which the
// format translates, whatever the driver wrote there. False, and nothing
// changed, where no table holds such an entry. Damaged entries below it are
// lost with their tables. A map or unmap that touches what the entry spans puts
// back what the driver wrote (iommu.healed).
bool IommuTablePoison(IommuTable& table, uint64_t iova, int level,
                      uint64_t bits, Sink& sink);
// That, for the damaged entries that [first, last] touches.
void IommuTableHeal(IommuTable& table, uint64_t first, uint64_t last,
                    Sink& sink);

// The leaves of [first, last] of the run, largest first, into the tables alone.
void IommuWriteLeaves(IommuTable& table, const Entry& run, uint64_t first,
                      uint64_t last);

// Whether hardware finds in the tables what the runs say, leaf by leaf, and in
// damaged entries what `poison` says: O(runs) table lookups.
bool IommuTableAgrees(const IommuTable& table, const IntervalTable& runs,
                      const IntervalTable& poison);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_KERNEL_IOMMU_TABLE_H_
