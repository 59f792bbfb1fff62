#ifndef IOVALAB_MODEL_IOMMU_FAULT_QUEUE_H_
#define IOVALAB_MODEL_IOMMU_FAULT_QUEUE_H_

// FaultQueue: the bounded place where hardware puts fault records until the
// driver takes them: VT-d's recording registers, the event or fault queue of
// the others. What finds no place is lost to the driver; the caller is told
// (`reported` false), so that a trace can keep every fault.
//
// Not for: the trace's own list of faults, which has no bound.
//
// Invariants: at most `capacity` records wait; the driver gets them in the
// order of the faults; recorded + lost is the number of faults pushed.

#include <cstdint>
#include <deque>
#include <optional>

#include "absl/strings/string_view.h"
#include "model/iommu/fault.h"
#include "model/iommu/fault_record.h"

namespace iovalab {

struct FaultQueueShape {
  uint32_t capacity = 1;  // records; 1 or more
  // While a record of the same source waits, its further faults are dropped
  // (allowed by VT-d spec 7.3.1; QEMU vtd_try_collapse_fault does it).
  bool compress_source = false;
  // After an overflow nothing is recorded until the driver clears the flag
  // (VT-d PFO, AMD EventOverflow, RISC-V fqof); else only while it is full
  // (SMMUv3).
  bool overflow_latches = true;
  FaultRecordShape record;
};

// The shape of a dialect with that many records, and no compression.
FaultQueueShape FaultQueueOf(FaultDialect dialect, uint32_t capacity);
// QEMU 7.2's VT-d: one recording register (recorded, q35-2g-vtd-linux).
FaultQueueShape QemuVtdFaultQueue();

enum class FaultFate : uint8_t {
  kRecorded,
  kCompressed,  // an earlier fault of the source waits
  kOverflowed,  // no place: sets the overflow flag
  kLatched,     // the overflow flag was set before
  kSilent,      // hardware of this family records no such fault
};
absl::string_view FaultFateName(FaultFate fate);

struct FaultReport {
  FaultFate fate = FaultFate::kRecorded;
  bool interrupt = false;  // the driver is told: nothing was pending before
  uint32_t index = 0;      // kRecorded: of the register or queue slot
  FaultRecord record;      // kRecorded

  bool reported() const { return fate == FaultFate::kRecorded; }
};

struct FaultQueue {
  struct Waiting {
    DmaFault fault;
    FaultRecord record;
  };

  FaultQueueShape shape = {};
  std::deque<Waiting> waiting = {};
  uint32_t next = 0;      // index of the next record
  bool overflow = false;  // PFO, EventOverflow, fqof
  uint64_t recorded = 0;
  uint64_t lost = 0;

  bool pending() const { return !waiting.empty(); }  // VT-d: PPF
};

FaultReport FaultQueuePush(FaultQueue& queue, const DmaFault& fault);
// The driver takes the oldest record (VT-d: clears its F bit). Nothing when
// none waits.
std::optional<FaultQueue::Waiting> FaultQueuePop(FaultQueue& queue);
// The driver writes 1 to the overflow flag.
void FaultQueueClearOverflow(FaultQueue& queue);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_FAULT_QUEUE_H_
