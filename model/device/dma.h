#ifndef IOVALAB_MODEL_DEVICE_DMA_H_
#define IOVALAB_MODEL_DEVICE_DMA_H_

// One DMA access of a software vDPA device, through its own table: where its
// bytes go, cut where it changes target. The device looks up a whole descriptor
// before it moves a byte of it, so one that faults anywhere moves nothing.
//
// Not for: when accesses happen (the machine), nor what they were meant to do
// (the oracle).
//
// Source: recorded A-simblk seq/dma_crossing_mapping_end steps 5 to 9 (EIO, and
// nothing landed). Hardware behind an IOMMU does otherwise: it faults at the
// page, and what came before has happened.

#include <cstdint>
#include <optional>
#include <vector>

#include "model/event/kinds.h"
#include "model/event/rules.h"
#include "model/host/host_memory.h"
#include "model/profile/device_profile.h"
#include "model/store/stores.h"

namespace iovalab {

// A run of the access that goes to consecutive bytes of one memory object, or
// the part that faults.
struct DmaPiece {
  uint64_t iova = 0;
  uint64_t length = 0;  // bytes, > 0
  FaultReason fault = FaultReason::kNone;
  Rule rule = Rule::kDevTranslate;
  std::optional<Entry> entry;  // of the device's table; none where not present
  uint64_t hva = 0;            // VA mode; 0 otherwise
  uint64_t hpa = 0;            // of the first byte, where completed
  std::optional<ObjectOffset> memory;  // nothing: no object is there
};

// The pieces of [iova, iova + length), length > 0, not wrapping, in order; or
// one piece that faults, from the first byte that does to the end.
void DmaAccess(const Stores& stores, uint8_t asid, uint64_t iova,
               uint64_t length, bool write, const DeviceProfile& device,
               const HostMemory& memory, std::vector<DmaPiece>* pieces);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_DEVICE_DMA_H_
