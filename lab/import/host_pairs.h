#ifndef IOVALAB_LAB_IMPORT_HOST_PAIRS_H_
#define IOVALAB_LAB_IMPORT_HOST_PAIRS_H_

// Host pairs: which host-only mapping (vring, control buffer) each host-only
// unmap of a log ends. The lines do not say: an unmap has no host address.
//
// Not for: sections of guest RAM, which say their GPA.
//
// Invariants: uses order, sizes, address spaces and the listener's events only,
// never an IOVA. No mapping is ended twice.
//
// QEMU (net/vhost-vdpa.c, hw/virtio/vhost-vdpa.c, 7.2 to 10.1): at start the
// control virtqueue's two buffers are mapped before its rings; at stop the
// rings of all queues go first, in the order they were mapped, then (after the
// listener, where it is unregistered at stop) the buffers.

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "lab/import/import_events.h"

namespace iovalab {

// For each op, the index of the kHostMap that a kHostUnmap ends; -1 for other
// ops, and where nothing that is mapped fits.
std::vector<int64_t> PairHostOps(absl::Span<const ImportOp> ops);

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_HOST_PAIRS_H_
