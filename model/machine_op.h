#ifndef IOVALAB_MODEL_MACHINE_OP_H_
#define IOVALAB_MODEL_MACHINE_OP_H_

// MachineJob: an operation of the machine, scheduled as data, and which of
// those at one time comes first.
//
// Not for: anybody but model/machine*.cc.
// Invariant: a job holds indexes, never pointers.

#include <cstdint>

#include "model/event/trace.h"
#include "sim/event_queue.h"

namespace iovalab {

// At one time the script goes first, so that a step sees what it asked for, and
// of that the steps with times of their own, which were there from the start;
// then table changes, so that an access at the same time uses the new ones; the
// device last.
inline constexpr sim::Priority kTimedStepPriority = 5;
inline constexpr sim::Priority kScriptPriority = 10;
inline constexpr sim::Priority kIommuPriority = 15;
inline constexpr sim::Priority kVmmPriority = 20;
inline constexpr sim::Priority kDevicePriority = 30;

enum class MachineOp : uint8_t {
  kBeginStep,    // a: step
  kCommit,       // a: step; its transaction is rendered and delivered
  kDeliver,      // a: step, b: index in its deliveries
  kDelivered,    // a: step
  kSvqAdd,       // a: request
  kHostMap,      // a: step; kHostMap or kHostUnmap
  kNotify,       // a: step; kViommu
  kDiscard,      // a: step; kDiscard
  kReset,        // a: step; kReset
  kDeviceWork,   // a: request; the device accesses memory
  kHostPost,     // a: step; kHostPost
  kDriverOk,     // a: step; kDriverOk
  kSvqKick,      // a: queue; the guest kicked the VMM
  kSvqCall,      // a: queue; the device interrupted the VMM
  kRingTake,     // a: queue; the device was kicked
  kRingWork,     // a: queue; the device does a request that it took
  kGuestCall,    // a: queue; the guest was interrupted
  kControlPoll,  // a: queue; the VMM looks for an answer that it waits for
  kInvalidated,  // the IOMMU is done with what event `cause` asked for
  kFlushTimer,   // the kernel flushes what waits for it
  kReturn,       // a: step; it is finished, the kernel having returned
  kResume,       // the VMM's thread goes on, the kernel having returned
};
struct MachineJob {
  MachineOp op = MachineOp::kBeginStep;
  uint32_t a = 0;
  uint32_t b = 0;
  EventIndex cause = kNoEventIndex;
};

// Of the VMM's thread, which waits while the kernel does.
bool WaitsForKernel(MachineOp op);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_MACHINE_OP_H_
