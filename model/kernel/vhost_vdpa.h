#ifndef IOVALAB_MODEL_KERNEL_VHOST_VDPA_H_
#define IOVALAB_MODEL_KERNEL_VHOST_VDPA_H_

// VhostVdpa: the kernel's vhost-vdpa character device as a value, and its
// operations: IOTLB messages (twin of vhost_vdpa_process_iotlb_msg behind
// vhost_chr_write_iter), open, release, SET_OWNER, SET_BACKEND_FEATURES,
// SET_STATUS. Source of the rules: recordings A-*; Linux 6.12
// drivers/vhost/vdpa.c, vhost.c.
//
// The tables themselves are stores: kVhostIotlb (L2), kDevice or, of a device
// without map operations, kIommu (L3), kPins (L5).
//
// Not for: kernel vhost-net and vhost-scsi, whose IOTLB behaves differently.
//
// Invariants: outside a batch a set_map device was handed every change;
// pinned_pages is the sum of pages over all PA entries.

#include <cstdint>
#include <vector>

#include "model/device/table_changes.h"
#include "model/device/vdpa_device.h"
#include "model/event/kinds.h"
#include "model/host/host_memory.h"
#include "model/kernel/iommu_domain.h"
#include "model/profile/device_profile.h"
#include "model/profile/kernel_profile.h"
#include "model/store/sink.h"

namespace iovalab {

// Bits of VHOST_GET/SET_BACKEND_FEATURES.
inline constexpr uint64_t kBackendIotlbMsgV2 = 0x2;
inline constexpr uint64_t kBackendIotlbBatch = 0x4;
inline constexpr uint64_t kBackendIotlbAsid = 0x8;
inline constexpr uint64_t kBackendSuspend = 0x10;
inline constexpr uint64_t kBackendResume = 0x20;
inline constexpr uint64_t kBackendDescAsid = 0x80;
inline constexpr uint64_t kBackendIotlbPersist = 0x100;

// vhost_iotlb_msg. The type may hold any raw byte. A version 1 message has
// asid 0.
struct VdpaMsg {
  VdpaMsgType type = VdpaMsgType::kUpdate;
  uint32_t asid = 0;
  uint64_t iova = 0;
  uint64_t size = 0;   // bytes
  uint64_t uaddr = 0;  // UPDATE: user address
  uint32_t perm = 0;   // UPDATE: any byte
};

struct VdpaAnswer {
  int kernel_ret = 0;    // of the message handler: 0 or -errno
  int user_ret = 0;      // of write(): 0 or -errno
  uint64_t entries = 0;  // added by UPDATE, removed by INVALIDATE
  int64_t pages = 0;     // pinned (> 0) or unpinned (< 0)
  uint64_t flushes = 0;  // invalidations of the platform IOMMU's IOTLB
};

struct VhostVdpa {
  struct AddressSpace {
    bool exists = false;
    TableChanges changes;  // since the last set_map
  };

  std::vector<AddressSpace> spaces;  // by asid
  IommuDomain domain;                // of a device without map operations
  bool has_owner = false;
  bool caller_is_owner = true;  // false: the caller's mm is not the owner's
  uint64_t backend_features = 0;
  uint8_t status = 0;
  bool in_batch = false;
  uint32_t batch_asid = 0;
  uint64_t iova_first = 0;
  uint64_t iova_last = UINT64_MAX;
  uint64_t table_limit = 2048;    // entries in an address space
  uint64_t pinned_pages = 0;      // charged to the owner's mm
  uint64_t memlock_limit_pages =  // RLIMIT_MEMLOCK; this is RLIM_INFINITY
      UINT64_MAX / kPageSize;
};

struct VhostVdpaEnv {
  const KernelProfile* kernel;
  const DeviceProfile* device;
  const HostMemory* host;
};

// open(): address spaces and device as after a reset.
void VhostVdpaOpen(VhostVdpa& v, VdpaDevice& device, const VhostVdpaEnv& env,
                   Sink& sink);
// close(): drops all entries and pins of all address spaces.
void VhostVdpaRelease(VhostVdpa& v, VdpaDevice& device, const VhostVdpaEnv& env,
                      Sink& sink);

// 0, or -EBUSY if there is an owner.
int VhostVdpaSetOwner(VhostVdpa& v);
// 0, -EOPNOTSUPP or -EINVAL.
int VhostVdpaSetBackendFeatures(VhostVdpa& v, uint64_t features,
                                const VhostVdpaEnv& env);
// 0, or -EINVAL for clearing bits. Status 0 resets the device behind the back
// of the address spaces.
int VhostVdpaSetStatus(VhostVdpa& v, VdpaDevice& device, uint8_t status,
                       const VhostVdpaEnv& env, Sink& sink);

// One message. Emits one kVdpaMsg event whose effects name it as their cause.
VdpaAnswer VhostVdpaStep(VhostVdpa& v, VdpaDevice& device, const VdpaMsg& msg,
                         const VhostVdpaEnv& env, Sink& sink);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_KERNEL_VHOST_VDPA_H_
