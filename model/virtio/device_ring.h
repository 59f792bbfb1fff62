#ifndef IOVALAB_MODEL_VIRTIO_DEVICE_RING_H_
#define IOVALAB_MODEL_VIRTIO_DEVICE_RING_H_

// DeviceRing: the device's side of a split virtqueue, as two real readers of
// rings do it: QEMU's virtqueue_pop (the shadow virtqueue reads the guest's
// ring so) and Linux's vringh (vdpa_sim reads its rings so). They refuse
// different things.
//
// Not for: buffers; kicks and interrupts.
//
// Source: QEMU 10.1 hw/virtio/virtio.c virtqueue_split_pop, virtqueue_map_desc,
// virtqueue_split_read_next_desc; Linux 6.12 drivers/vhost/vringh.c
// __vringh_get_head, __vringh_iov, __vringh_complete.
// Invariant: last_avail and used_idx are the device's own, whatever memory
// holds.

#include <cstdint>
#include <vector>

#include "model/event/rules.h"
#include "model/virtio/split_ring.h"

namespace iovalab {

enum class RingReader : uint8_t { kQemu, kVringh };

struct DeviceRing {
  RingLayout layout;
  RingReader reader = RingReader::kVringh;
  uint16_t avail_idx = 0;   // as last read (QEMU keeps it)
  uint16_t last_avail = 0;  // the next to take
  uint16_t used_idx = 0;    // the next to write
  uint32_t in_use = 0;      // taken and not given back
};

struct RingChain {
  uint16_t head = 0;
  std::vector<RingDescriptor> descriptors;  // buffers only, in order
};

struct PopResult {
  enum class Is : uint8_t {
    kChain,
    kEmpty,  // nothing available
    kFault,  // an access of the ring, or of an indirect table, faulted
    kBad,    // refused: rule and value say why
  };
  Is is = Is::kEmpty;
  Rule rule = Rule::kNone;
  uint64_t value = 0;  // the number that is refused
};

// Takes the next chain. Where it is refused the chain is lost, though its place
// in the avail ring is taken; whether the device goes on is its own affair.
PopResult PopChain(DeviceRing& ring, const RingMemory& memory,
                   RingChain* chain);

// QEMU's virtqueue_fill: a chain's place in the used ring, `offset` past what
// is flushed; and virtqueue_flush: `count` of them by one change of used->idx.
// False where the access faults.
bool FillUsed(const DeviceRing& ring, uint16_t head, uint32_t len,
              uint16_t offset, const RingMemory& memory);
bool FlushUsed(DeviceRing& ring, uint16_t count, const RingMemory& memory);

// Gives a chain back: its place in the used ring, then used->idx. False where
// either faults.
bool PushUsed(DeviceRing& ring, uint16_t head, uint32_t len,
              const RingMemory& memory);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_VIRTIO_DEVICE_RING_H_
