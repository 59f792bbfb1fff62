#ifndef IOVALAB_MODEL_DEVICE_VDPA_DEVICE_H_
#define IOVALAB_MODEL_DEVICE_VDPA_DEVICE_H_

// VdpaDevice: a vDPA device's own tables (L3, store kDevice), one for each
// address space, and the operations by which the kernel changes them: set_map,
// dma_map, dma_unmap, reset_map, reset.
//
// Targets are user addresses if the profile says use_va, else host physical
// ones. Entries with tag kPassthrough are the identity, target = IOVA; vdpa_sim
// takes that for a user address too in VA mode (Linux 6.12
// drivers/vdpa/vdpa_sim va_enabled, drivers/vhost/vringh.c iotlb_translate; not
// recorded).
//
// Not for: the DMA engine.
//
// Invariant: with `published`, the table equals the address space as it was at
// the last successful set_map.

#include <cstdint>
#include <vector>

#include "model/addr/entry.h"
#include "model/device/table_changes.h"
#include "model/profile/device_profile.h"
#include "model/profile/kernel_profile.h"
#include "model/store/sink.h"

namespace iovalab {

inline constexpr uint64_t kPassthrough = 1;  // Entry::tag in store kDevice

// One call of a device operation, for those who compare calls with a recording.
struct VdpaCall {
  enum class Op : uint8_t { kSetMap, kDmaMap, kDmaUnmap, kResetMap };
  Op op = Op::kSetMap;
  uint8_t asid = 0;
  uint64_t nmaps = 0;  // kSetMap
  Entry entry;         // kDmaMap, kDmaUnmap
  int err = 0;         // 0 or -errno
};

struct VdpaDevice {
  struct Space {
    bool passthrough = false;
    bool published = false;
  };
  std::vector<Space> spaces;
  bool log_calls = false;
  std::vector<VdpaCall> calls;  // kept while log_calls
};

// The device as its driver registers it: identity or empty tables.
void VdpaDeviceStart(VdpaDevice& device, const DeviceProfile& profile,
                     const KernelProfile& kernel, Sink& sink);

// The address space's entries (L2) replace the device's table, by value.
// `changes` is what the space changed since the last call here; it is cleared.
// 0, or -ENOSPC with the table left empty.
int VdpaSetMap(VdpaDevice& device, uint8_t asid, TableChanges& changes,
               const DeviceProfile& profile, Sink& sink);

// 0 or -ENOSPC. Ends a passthrough.
int VdpaDmaMap(VdpaDevice& device, uint8_t asid, const Entry& entry,
               const DeviceProfile& profile, Sink& sink);
// Removes every entry that touches [first, last], as an interval tree tests it:
// with last < first, an entry around both. Ends a passthrough.
void VdpaDmaUnmap(VdpaDevice& device, uint8_t asid, uint64_t first,
                  uint64_t last, Sink& sink);

// The address space is gone: identity or empty, as at start.
void VdpaResetMap(VdpaDevice& device, uint8_t asid,
                  const DeviceProfile& profile, const KernelProfile& kernel,
                  Sink& sink);

// Device reset (status 0). With clean_map the tables go too, if they do at all.
void VdpaDeviceReset(VdpaDevice& device, bool clean_map,
                     const DeviceProfile& profile, const KernelProfile& kernel,
                     Sink& sink);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_DEVICE_VDPA_DEVICE_H_
