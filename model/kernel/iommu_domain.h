#ifndef IOVALAB_MODEL_KERNEL_IOMMU_DOMAIN_H_
#define IOVALAB_MODEL_KERNEL_IOMMU_DOMAIN_H_

// IommuDomain: what Linux's IOMMU core and VT-d's driver do when vhost-vdpa
// maps and unmaps in the domain of a device that has no map operations:
// alignment, permissions, which IOTLB invalidations follow. Sources: recordings
// A-vp-platform-iommu; Linux 5.17 and 6.12 drivers/iommu/iommu.c,
// drivers/iommu/intel/.
//
// The table itself is iommu_table.h, where other drivers differ from VT-d's
// iommu_driver.h. Invalidations are VT-d's whatever the driver.
//
// Not for: caches. An unmap here is strict: nothing translates through what it
// removed once it returns.
//
// Invariant: `flushes` counts what `calls` would list as invalidations.

#include <cstdint>
#include <vector>

#include "model/addr/address.h"
#include "model/kernel/iommu_driver.h"
#include "model/kernel/iommu_table.h"
#include "model/profile/kernel_profile.h"
#include "model/store/sink.h"

namespace iovalab {

// One call or command, for those who compare them with a recording.
struct IommuCall {
  enum class Op : uint8_t {
    kMap,           // iova, size, target
    kUnmap,         // iova, size
    kFlushPages,    // iova, order, leaf_hint
    kFlushDomain,   // the domain's whole IOTLB
    kFlushContext,  // the context cache
    kAttach,
  };
  Op op = Op::kMap;
  uint64_t iova = 0;
  uint64_t size = 0;    // bytes
  uint64_t target = 0;  // HPA
  uint32_t order = 0;   // log2 of the pages invalidated
  bool leaf_hint = false;
};

struct IommuDomain {
  uint64_t flushes = 0;  // IOTLB invalidations so far
  bool log_calls = false;
  std::vector<IommuCall> calls;  // kept while log_calls
  // Of another format where one is put here before the device attaches.
  IommuTable table{FindIommuDriver("vtd4")};
};

// The device moves into the domain, or back out of it.
void IommuAttach(IommuDomain& domain);
// The domain goes with all that it maps.
void IommuFree(IommuDomain& domain, Sink& sink);

// Maps whole pages [iova, iova + size) to hpa on, size > 0. 0, or, with nothing
// mapped and `why` saying which rule: -EINVAL for a permission other than r, w
// and rw, or one that the driver has not; -ERANGE for addresses that the
// format has not; -EEXIST.
int IommuMap(IommuDomain& domain, uint64_t iova, Hpa hpa, uint64_t size,
             uint32_t perm, const KernelProfile& kernel, Sink& sink,
             Rule* why = nullptr);

// Unmaps the leaves that touch [iova, iova + size). Bytes from iova on that
// are unmapped now: at least size, more where the last leaf is a superpage,
// less where the driver stopped, 0 where iova and size are not whole pages.
uint64_t IommuUnmap(IommuDomain& domain, uint64_t iova, uint64_t size,
                    Rule rule, const KernelProfile& kernel, Sink& sink);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_KERNEL_IOMMU_DOMAIN_H_
