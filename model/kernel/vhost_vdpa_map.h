#ifndef IOVALAB_MODEL_KERNEL_VHOST_VDPA_MAP_H_
#define IOVALAB_MODEL_KERNEL_VHOST_VDPA_MAP_H_

// What vhost-vdpa messages do to the tables: twins of vhost_vdpa_map, _unmap,
// _pa_map, _va_map, _pa_unmap of Linux 6.12 drivers/vhost/vdpa.c.
//
// Not for: checking a message; vhost_vdpa.cc does that and is the only user.

#include <cstdint>

#include "model/kernel/vhost_vdpa.h"

namespace iovalab {

// One message in progress on an existing address space.
struct VdpaOp {
  VhostVdpa& v;
  VdpaDevice& device;
  const VhostVdpaEnv& env;
  Sink& sink;
  uint8_t asid = 0;
  Rule rule = Rule::kNone;  // what decided the answer
  uint64_t added = 0;       // entries
  uint64_t removed = 0;
  int64_t pages = 0;  // pinned minus unpinned

  StoreId iotlb() const { return {StoreKind::kVhostIotlb, asid}; }
};

// PA mode: one entry a physically contiguous run. 0, -EINVAL, -ENOMEM, -EFAULT,
// -ENOSPC; on error nothing remains of the message.
int VhostVdpaPaMap(VdpaOp& op, const VdpaMsg& msg);
// VA mode: one entry a shared file VMA. 0, -EINVAL, -ENOSPC.
int VhostVdpaVaMap(VdpaOp& op, const VdpaMsg& msg);

// Removes every whole entry that touches [start, last] as an interval tree
// tests it: entry.first <= last && entry.last >= start, even for last < start.
void VhostVdpaIotlbUnmap(VdpaOp& op, uint64_t start, uint64_t last, Rule rule);
// The same for iova and size, then set_map unless in a batch.
void VhostVdpaUnmap(VdpaOp& op, uint64_t iova, uint64_t size, Rule rule);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_KERNEL_VHOST_VDPA_MAP_H_
