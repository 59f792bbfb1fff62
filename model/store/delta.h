#ifndef IOVALAB_MODEL_STORE_DELTA_H_
#define IOVALAB_MODEL_STORE_DELTA_H_

// Delta: one change of one store, and the only way to make one. It is also the
// trace event that records the change, so a store at any moment is a fold of
// the trace, and the inverse delta undoes it.
//
// n equal changes at a stride are one delta with count = n: entry i has keys
// first + i * key_stride and target + i * target_stride.
//
// Invariants: count >= 1; strides are 0 when count is 1; the entries of a run
// do not touch and do not wrap past 2^64 (WhyUnsound); for kSet the keys are
// those of an existing entry, and old_* are what it held.

#include <array>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
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

// What breaks an invariant that the delta shows by itself; "" when nothing
// does. Deltas of the machine are sound; those of a file need not be.
absl::string_view WhyUnsound(const Delta& delta);

// The words of the kDelta event that records it, and back. Nothing where a word
// is out of the range of its field; the result need not be sound.
using DeltaWords = std::array<uint64_t, 13>;
DeltaWords ToWords(const Delta& delta);
std::optional<Delta> DeltaFromWords(absl::Span<const uint64_t> words,
                                    Rule rule);

// Fields of those words that a growing run changes.
inline constexpr size_t kDeltaCount = 10;
inline constexpr size_t kDeltaKeyStride = 11;
inline constexpr size_t kDeltaTargetStride = 12;

}  // namespace iovalab

#endif  // IOVALAB_MODEL_STORE_DELTA_H_
