#ifndef IOVALAB_LAB_CONFORM_CONFORM_VDPA_MACHINE_H_
#define IOVALAB_LAB_CONFORM_CONFORM_VDPA_MACHINE_H_

// The model side of a replayed vhost-vdpa recording: one kernel, one device and
// the recording program's memory; and its state written as recordings write it.
//
// Not for: users of conform (conform.h).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "lab/conform/conform_vdpa_host.h"
#include "model/device/vdpa_device.h"
#include "model/kernel/vhost_vdpa.h"
#include "model/profile/device_profile.h"
#include "model/profile/kernel_profile.h"
#include "model/store/sink.h"
#include "model/store/stores.h"

namespace iovalab {

struct VdpaConfig {
  KernelProfile kernel;
  DeviceProfile device;
};

// The profiles that a recording's "kernel" and "cfg" stand for (the table in
// vectors/README.md); nothing for other configurations.
std::optional<VdpaConfig> FindVdpaConfig(absl::string_view kernel,
                                         absl::string_view cfg);

struct VdpaMachine {
  explicit VdpaMachine(const VdpaConfig& c);
  VdpaMachine(const VdpaMachine&) = delete;

  VhostVdpaEnv env() const {
    return {&config.kernel, &config.device, &host.memory()};
  }
  VdpaAnswer Send(const VdpaMsg& msg);

  VdpaConfig config;
  Stores stores;
  Sink sink;
  VdpaHost host;
  VhostVdpa vhost;
  VdpaDevice device;
  bool is_open = false;
  bool has_mem_table = false;    // VHOST_SET_MEM_TABLE was called
  std::vector<uint8_t> created;  // asids, in the order of their creation
  IntervalTable touched{false};  // IOVAs that the case's messages named
};

// A table as in st.iotlb: its key there, and its entries as text.
struct VdpaTableText {
  std::string key;
  uint64_t limit = 0;
  std::vector<std::string> maps;
};
std::vector<VdpaTableText> VdpaTables(const VdpaMachine& m);

// The platform IOMMU's table as in st.iommu: over the IOVAs that the case
// touched, in pieces that are physically contiguous.
std::vector<std::string> VdpaIommuRuns(const VdpaMachine& m);
// A message named these bytes; nothing where they are none or wrap.
void TouchVdpa(VdpaMachine& m, uint64_t iova, uint64_t size);

// The device and IOMMU operations called since the last time, as the lines of
// "ev".
std::vector<std::string> TakeVdpaCalls(VdpaMachine& m);

// What the device reaches at [iova, iova + len - 1], a name a 512 byte sector;
// nothing where an access faults. Behind the platform IOMMU a sector that
// faults is "zeros" (recorded of QEMU's virtio-blk).
struct VdpaSector {
  std::string name;
  bool mapped;  // still reachable from user space
};
std::optional<std::vector<VdpaSector>> VdpaAccess(const VdpaMachine& m,
                                                  uint64_t iova, uint64_t len,
                                                  uint32_t perm);

}  // namespace iovalab

#endif  // IOVALAB_LAB_CONFORM_CONFORM_VDPA_MACHINE_H_
