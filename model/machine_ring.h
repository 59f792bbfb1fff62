#ifndef IOVALAB_MODEL_MACHINE_RING_H_
#define IOVALAB_MODEL_MACHINE_RING_H_

// What the machine knows of a virtqueue whose rings are bytes in memory: each
// actor's own side of it, which need not fit what the bytes say.
//
// Only model/machine*.{h,cc} include this.

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "model/event/trace.h"
#include "model/store/sink.h"
#include "model/virtio/device_ring.h"
#include "model/virtio/driver_ring.h"
#include "sim/event_queue.h"

namespace iovalab {

// Who reaches a ring, and through which addresses.
enum class RingVia : uint8_t {
  kGuest,      // the guest's driver, its ring by GPA
  kVmmGuest,   // the VMM, the guest's ring by GPA
  kVmmShadow,  // the VMM, its own ring by HVA
  kDevice,     // the device, its ring by IOVA
};

struct RingSide {
  void* machine = nullptr;
  Sink* sink = nullptr;
  uint32_t queue = 0;
  RingVia via = RingVia::kGuest;
};

// Physically contiguous bytes of an access.
struct RingSpan {
  uint64_t hpa = 0;
  uint64_t length = 0;
};

// Of a request.
struct RingRequest {
  bool on = false;  // it goes through rings
  uint32_t queue = 0;
  uint16_t guest_head = 0;   // in the guest's ring
  uint16_t device_head = 0;  // in the ring that the device reads
  bool vmm_took = false;     // off the guest's ring
  bool device_took = false;
  bool wild = false;   // no post of the guest's: nothing to finish
  bool intent = true;  // the oracle knows what the guest meant
  // HVA of the guest's byte for the answer, of a command that the VMM took.
  std::optional<uint64_t> answer;
};

// What the device reads of a command, and answers.
struct ControlTransfer {
  std::array<uint8_t, 8> bytes{};  // class, command, arguments
  uint32_t size = 0;
  uint8_t ack = 0;
};

// Who is told of a queue's descriptors, each by an eventfd or an interrupt
// line: told again before it looks, it looks once.
enum RingEvent : uint8_t {
  kVmmKicked = 1,
  kVmmCalled = 2,
  kDeviceKicked = 4,
  kGuestCalled = 8,
};

struct RingQueue {
  bool started = false;  // since DRIVER_OK
  uint8_t raised = 0;    // bits of RingEvent: told, and not heeded yet
  uint32_t name = 0;     // interned, of the device's accesses to its ring

  DriverRing guest;                    // GPA
  std::deque<uint32_t> guest_waiting;  // requests, for room or DRIVER_OK
  bool guest_broken = false;           // the driver gave the queue up
  uint32_t kicked_by = 0;              // step of the last kick
  // Heads that ring_write steps made available, past the driver's own books.
  struct Raw {
    uint16_t head = 0;
    uint32_t step = 0;
    bool taken = false;
  };
  std::vector<Raw> raw;

  DeviceRing vmm;                    // the guest's ring, as the VMM reads it
  DriverRing shadow;                 // HVA; token: request
  std::optional<uint32_t> no_space;  // request that waits for descriptors
  bool quiet = false;                // the guest is told not to kick

  // A shadowed control queue's command that the VMM's thread waits for, until
  // then at the latest.
  std::optional<uint32_t> command;  // request
  int64_t gives_up = 0;
  sim::Handle timeout;

  DeviceRing device;
  bool more = false;           // chains may be left that the device had no
                               // room for
  std::deque<uint32_t> taken;  // requests that it works on, as taken
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_MACHINE_RING_H_
