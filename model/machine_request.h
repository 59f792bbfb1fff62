#ifndef IOVALAB_MODEL_MACHINE_REQUEST_H_
#define IOVALAB_MODEL_MACHINE_REQUEST_H_

// Request: what a device is asked to do, and what was meant by it.
//
// Not for: anybody but model/machine*.cc.
// Invariant: the bytes of a descriptor are those of its meant pieces, in order.

#include <cstdint>
#include <optional>
#include <vector>

#include "model/event/trace.h"
#include "model/host/host_memory.h"
#include "model/machine_ring.h"
#include "model/vmm/svq.h"

namespace iovalab {

// What the guest meant by a piece of a buffer: resolved through its view when
// it posted it or, with a shadow queue, when the VMM took it from the guest's
// ring.
struct MeantPiece {
  SvqBuffer buffer;
  bool write = false;
  bool mapped = false;  // in L0, or by the VMM, when posted
  ObjectOffset memory;  // where mapped
  bool host = false;    // the VMM's own, without a guest address
};

// One descriptor of a request as the device has it.
struct Descriptor {
  uint64_t iova = 0;
  uint64_t length = 0;
  bool write = false;
  // In Request::meant, in order, of the same bytes; a probe has none.
  uint32_t meant_first = 0;
  uint32_t meant_count = 0;
};

struct Request {
  uint32_t name = 0;      // interned label of the step that posted it
  uint32_t step = 0;      // that step
  uint32_t finishes = 0;  // the step that is finished when it completes
  uint8_t asid = 0;
  std::optional<uint32_t> pasid;
  std::vector<MeantPiece> meant;
  std::vector<Descriptor> descriptors;
  EventIndex cause = kNoEventIndex;  // of the accesses
  RingRequest ring;                  // with rings
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_MACHINE_REQUEST_H_
