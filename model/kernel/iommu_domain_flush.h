#ifndef IOVALAB_MODEL_KERNEL_IOMMU_DOMAIN_FLUSH_H_
#define IOVALAB_MODEL_KERNEL_IOMMU_DOMAIN_FLUSH_H_

// What a domain's driver asks of the hardware after it changed tables: by the
// flush policy (iommu_flush.h) and the driver's row (iommu_driver.h), as events
// and as commands for who has the hardware.
//
// Not for: anybody but iommu_domain.cc.
//
// Invariant: `flushes` of the domain grows by the commands that a recording
// would list.

#include <cstdint>
#include <vector>

#include "model/kernel/iommu_domain.h"

namespace iovalab {

void LogCall(IommuDomain& domain, const IommuCall& call);

// Hands the commands, of one kind, over; `range`: what for, where for pages.
void AskHardware(IommuDomain& domain, const std::vector<Invalidation>& commands,
                 Range<Iova> range, Rule rule, Sink& sink);
// The whole domain's translations.
void AskDomain(IommuDomain& domain, Rule rule, Sink& sink);

// An unmap of [first, last], as it is before: what of it lies in which leaves.
struct UnmapFlush {
  struct Piece {
    Range<Iova> range;
    uint64_t leaf_bytes = 0;
  };
  Range<Iova> asked;
  Iova first_cleared;          // begins a leaf that goes whole
  std::vector<Piece> by_leaf;  // where the driver flushes leaf by leaf
  uint64_t tables = 0;         // that there were
};
UnmapFlush BeforeUnmap(const IommuDomain& domain, uint64_t first, uint64_t last,
                       const Sink& sink);
// It cleared leaves up to `cleared`, inclusive.
void FlushUnmapped(IommuDomain& domain, const UnmapFlush& unmap,
                   uint64_t cleared, const KernelProfile& kernel, Sink& sink);
// It cleared none.
void FlushNothing(IommuDomain& domain, const KernelProfile& kernel, Sink& sink);
// A map put leaves where tables were.
void FlushReplaced(IommuDomain& domain, const Entry& run,
                   const KernelProfile& kernel, Sink& sink);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_KERNEL_IOMMU_DOMAIN_FLUSH_H_
