#ifndef IOVALAB_MODEL_KERNEL_IOMMU_DOMAIN_H_
#define IOVALAB_MODEL_KERNEL_IOMMU_DOMAIN_H_

// IommuDomain: what Linux's IOMMU core and VT-d's driver do when vhost-vdpa
// maps and unmaps in the domain of a device that has no map operations:
// alignment, permissions, which IOTLB invalidations follow. Sources: recordings
// A-vp-platform-iommu; Linux 5.17 and 6.12 drivers/iommu/iommu.c,
// drivers/iommu/intel/.
//
// The table itself is iommu_table.h, where other drivers differ from VT-d's
// iommu_driver.h; when and by which commands caches are flushed iommu_flush.h.
//
// Not for: caches, nor the way of the commands to them: who has the hardware
// takes `asked` and does what it says (model/machine_invalidate.cc).
//
// Invariant: `flushes` counts what `calls` would list as invalidations.

#include <cstdint>
#include <optional>
#include <vector>

#include "model/addr/address.h"
#include "model/event/trace.h"
#include "model/iommu/context.h"
#include "model/iommu/invalidation.h"
#include "model/kernel/iommu_driver.h"
#include "model/kernel/iommu_flush.h"
#include "model/kernel/iommu_table.h"
#include "model/profile/kernel_profile.h"
#include "model/store/sink.h"

namespace iovalab {

inline constexpr StoreId kContextStore{StoreKind::kContext, 0};

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

// Invalidations that the driver asked for together, in order.
struct IommuAsked {
  EventIndex event = kNoEventIndex;  // that tells of them
  std::vector<Invalidation> commands;
};

struct IommuDomain {
  uint64_t flushes = 0;  // IOTLB invalidations so far
  IommuFlush flush;      // when it invalidates
  // The device asks for translations ahead (ATS), by this source id: its own
  // cache has to be invalidated too.
  std::optional<uint32_t> ats;
  // Whose context is recorded, in store kContext, by source id; nothing: it is
  // vhost-vdpa's from the attach on, and nobody changes it.
  std::optional<uint32_t> context_of;
  // Somebody takes what is asked of the hardware.
  bool has_hardware = false;
  std::vector<IommuAsked> asked;
  bool log_calls = false;
  std::vector<IommuCall> calls;  // kept while log_calls
  // Of another format where one is put here before the device attaches.
  IommuTable table{FindIommuDriver("vtd4")};
};

// The device moves into the domain, or back out of it.
void IommuAttach(IommuDomain& domain, Sink& sink);
// The domain goes with all that it maps.
void IommuFree(IommuDomain& domain, Sink& sink);

// The host's driver makes the context of `context_of` another, which is given,
// and has the hardware forget it and the domain's translations.
void IommuSetContext(IommuDomain& domain, ContextKind kind, Sink& sink);

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

// Flushes what waits, when `flush.timer` is due.
void IommuFlushTimer(IommuDomain& domain, Sink& sink);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_KERNEL_IOMMU_DOMAIN_H_
