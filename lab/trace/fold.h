#ifndef IOVALAB_LAB_TRACE_FOLD_H_
#define IOVALAB_LAB_TRACE_FOLD_H_

// Fold: the stores at any moment of a run, rebuilt from the deltas of its
// trace. Each entry's `born` is the event that put it there.
//
// Not for: a running machine, which has its stores.
//
// Invariant: for a trace that the machine recorded, Fold(trace) has the same
// contents as the machine's stores at the end. A trace from a file may hold
// deltas that cannot be; they are errors.

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/event/trace.h"
#include "model/store/delta.h"
#include "model/store/stores.h"

namespace iovalab {

struct FoldLimits {
  // Single changes: a delta of count n is n of them.
  uint64_t max_changes = uint64_t{1} << 22;
};

// The delta that a kDelta event records. An error says which field cannot be.
absl::StatusOr<Delta> DeltaOf(const Trace& trace, EventIndex i);

// The stores after the events up to and including `last`. An error names the
// event by id.
absl::StatusOr<Stores> Fold(const Trace& trace, EventIndex last = kNoEventIndex,
                            FoldLimits limits = {});

}  // namespace iovalab

#endif  // IOVALAB_LAB_TRACE_FOLD_H_
