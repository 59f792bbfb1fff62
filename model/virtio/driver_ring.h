#ifndef IOVALAB_MODEL_VIRTIO_DRIVER_RING_H_
#define IOVALAB_MODEL_VIRTIO_DRIVER_RING_H_

// DriverRing: the driver's side of a split virtqueue. The guest's driver is
// one, and so is a shadow virtqueue towards the device.
//
// Not for: waiting for room, kicks.
//
// Source: Linux 6.12 drivers/virtio/virtio_ring.c virtqueue_add_split,
// virtqueue_get_buf_ctx_split; QEMU 10.1 hw/virtio/vhost-shadow-virtqueue.c
// vhost_svq_add, vhost_svq_get_buf.
// Invariants: num_free + lengths of the chains == layout.size; free descriptors
// are chained from free_head; what is in memory is never believed about either.

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "model/virtio/split_ring.h"

namespace iovalab {

struct RingBuffer {
  uint64_t addr = 0;
  uint32_t len = 0;  // bytes
  bool write = false;
};

struct DriverRing {
  struct Chain {
    uint32_t length = 0;  // descriptors; 0: the head is not outstanding
    uint32_t token = 0;   // the owner's
  };

  DriverRing() = default;
  explicit DriverRing(const RingLayout& where);

  RingLayout layout;
  uint16_t avail_idx = 0;  // the next to publish
  uint16_t used_idx = 0;   // as last read
  uint16_t last_used = 0;  // the next to take
  uint32_t num_free = 0;
  uint16_t free_head = 0;
  std::vector<uint16_t> next;  // by descriptor
  std::vector<Chain> chains;   // by head
};

enum class AddOutcomeRing : uint8_t { kAdded, kNoSpace, kFault };

// Writes a chain, its place in the avail ring and avail->idx; nothing where
// there are too few free descriptors. At least one buffer.
AddOutcomeRing AddChain(DriverRing& ring, absl::Span<const RingBuffer> buffers,
                        uint32_t token, const RingMemory& memory,
                        uint16_t* head);
// The same through an indirect table at `table`, which takes one descriptor.
AddOutcomeRing AddIndirect(DriverRing& ring, uint64_t table,
                           absl::Span<const RingBuffer> buffers, uint32_t token,
                           const RingMemory& memory, uint16_t* head);

// Reads used->idx. False where that faults.
bool PollUsed(DriverRing& ring, const RingMemory& memory);

struct UsedChain {
  enum class Is : uint8_t {
    kNone,     // nothing used that was not taken
    kChain,    // and its descriptors are free again
    kUnknown,  // an id that is not outstanding; passed over
    kFault,
  };
  Is is = Is::kNone;
  uint32_t id = 0;
  uint32_t len = 0;  // bytes that the device says it wrote
  uint32_t token = 0;
};
// The next entry of the used ring, up to what PollUsed saw.
UsedChain TakeUsed(DriverRing& ring, const RingMemory& memory);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_VIRTIO_DRIVER_RING_H_
