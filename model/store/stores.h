#ifndef IOVALAB_MODEL_STORE_STORES_H_
#define IOVALAB_MODEL_STORE_STORES_H_

// Stores: every table of the simulated machine, changed by deltas alone, with a
// fingerprint of the whole kept as they change.
//
// Components do not call Apply here: they go through a Sink (sink.h), which
// also records the delta. Fold of a trace and undo do call it.
//
// Invariants: the fingerprint depends on the contents only, not on the order of
// changes nor on where entries came from (Entry::born).

#include <cstdint>
#include <map>

#include "model/addr/interval_table.h"
#include "model/store/delta.h"
#include "model/store/store_id.h"

namespace iovalab {

class Stores {
 public:
  // Changes the store. The delta fits the contents (checked): an added entry
  // overlaps none, a deleted or set one is there with exactly these values.
  // `born` is the event that records the delta.
  void Apply(const Delta& delta, uint32_t born = 0);

  // Whether the delta is sound and Apply would find it to fit. For traces read
  // from files, whose counts the caller bounds: the time is linear in them.
  bool Fits(const Delta& delta) const;

  // The table; an empty one where nothing was ever added.
  const IntervalTable& Get(StoreId id) const;

  uint64_t fingerprint() const { return fingerprint_; }

  // Calls f(StoreId, const IntervalTable&) for every store that was ever
  // changed, in StoreId order.
  template <typename F>
  void ForEachStore(F f) const {
    for (const auto& [id, table] : tables_) f(id, table);
  }

 private:
  bool FitsOne(const Delta& one) const;
  void ApplyOne(const Delta& one, uint32_t born);

  std::map<StoreId, IntervalTable> tables_;
  uint64_t fingerprint_ = 0;
};

// The same entries in every store (an emptied store equals an untouched one).
bool SameContents(const Stores& a, const Stores& b);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_STORE_STORES_H_
