#ifndef IOVALAB_MODEL_PROFILE_DEVICE_PROFILE_H_
#define IOVALAB_MODEL_PROFILE_DEVICE_PROFILE_H_

// DeviceProfile: what a vDPA device and its driver do, as named capabilities;
// evidence in device_profile.cc.
//
// Not for: what the kernel build decides (kernel_profile.h). Where both have a
// say (identity, reset_map), both must say yes.

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace iovalab {

// How the device learns of mappings.
enum class MapApi : uint8_t {
  kSetMap,    // the whole address space at once
  kDmaMap,    // dma_map and dma_unmap for each entry
  kPlatform,  // not at all: vhost-vdpa maps each entry in the platform's IOMMU
};

struct DeviceProfile {
  absl::string_view name;  // value of the axis `device`
  absl::string_view source;
  MapApi map_api = MapApi::kSetMap;
  // Targets are user addresses that the device resolves in the owner's mm at
  // each access; otherwise host physical addresses of pinned pages.
  bool use_va = false;
  // Entries that the device's own table holds; one more is -ENOSPC.
  uint64_t table_limit = 2048;
  // Without a mapping every address passes through (if the kernel's driver does
  // that, KernelProfile::vdpa_sim_identity).
  bool identity = false;
  // The driver has reset_map; it is also what makes the table survive a reset
  // when IOTLB_PERSIST was acknowledged.
  bool reset_map = false;
  // A device reset empties the table (when it need not persist).
  bool reset_clears_table = false;
  uint32_t address_spaces = 1;
  uint32_t groups = 1;
  uint32_t virtqueues = 1;
  uint64_t iova_first = 0;
  uint64_t iova_last = UINT64_MAX;
  // Backend feature bits offered (as far as the kernel knows them).
  uint64_t backend_features = 0;
  uint64_t virtio_features = 0;
};

absl::Span<const DeviceProfile> DeviceProfiles();
// The row of that name, or nullptr.
const DeviceProfile* FindDeviceProfile(absl::string_view name);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_PROFILE_DEVICE_PROFILE_H_
