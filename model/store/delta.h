#ifndef IOVALAB_MODEL_STORE_DELTA_H_
#define IOVALAB_MODEL_STORE_DELTA_H_

// Delta: one change of one store, and the only way to make one. It is also the
// trace event that records the change, so a store at any moment is a fold of
// the trace, and the inverse delta undoes it.
//
// n equal changes at a stride are one delta with count = n: entry i has keys
// first + i * key_stride and target + i * target_stride.
//
// Invariants: count >= 1; strides are 0 when count is 1; for kSet the keys are
// those of an existing entry, and old_* are what it held.

#include <cstdint>

#include "model/addr/entry.h"
#include "model/event/rules.h"
#include "model/store/store_id.h"

namespace iovalab {

enum class DeltaOp : uint8_t { kAdd, kDel, kSet };

struct Delta {
  StoreId store;
  DeltaOp op = DeltaOp::kAdd;
  Entry entry;  // kAdd, kSet: as it is afterwards. kDel: as it was.
  uint64_t old_target = 0;
  uint64_t old_tag = 0;
  uint32_t old_perm = 0;
  uint64_t count = 1;
  uint64_t key_stride = 0;
  uint64_t target_stride = 0;
  Rule rule = Rule::kNone;
};

// The i-th of the n equal changes, as a delta of its own.
Delta NthOf(const Delta& run, uint64_t i);

// The delta that undoes this one. Runs are undone as runs.
Delta Inverse(const Delta& delta);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_STORE_DELTA_H_
