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

#include <array>
#include <cstddef>
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

  // The table; an empty one where nothing was ever added. The reference stays
  // good, though for an address space other than 0 it may be to an empty table
  // that the first entry is not put into.
  const IntervalTable& Get(StoreId id) const {
    return id.asid == 0 ? first_[static_cast<size_t>(id.kind)].table
                        : GetOther(id);
  }

  uint64_t fingerprint() const { return fingerprint_; }

  // Calls f(StoreId, const IntervalTable&) for every store that was ever
  // changed, in StoreId order.
  template <typename F>
  void ForEachStore(F f) const {
    auto other = others_.begin();
    for (size_t kind = 0; kind < kKinds; ++kind) {
      const auto store = static_cast<StoreKind>(kind);
      if (first_[kind].changed) f(StoreId{store, 0}, first_[kind].table);
      for (; other != others_.end() && other->first.kind == store; ++other) {
        f(other->first, other->second);
      }
    }
  }

 private:
  static constexpr size_t kKinds = static_cast<size_t>(StoreKind::kCount);

  // Of address space 0, and of stores that have no address spaces: nearly all
  // look-ups, many for each access.
  struct First {
    IntervalTable table;
    bool changed = false;  // ever
  };
  static std::array<First, kKinds> EmptyTables();

  const IntervalTable& GetOther(StoreId id) const;
  IntervalTable& Change(StoreId id);
  bool FitsOne(const Delta& one) const;
  void ApplyOne(const Delta& one, uint32_t born);

  std::array<First, kKinds> first_ = EmptyTables();
  std::map<StoreId, IntervalTable> others_;
  uint64_t fingerprint_ = 0;
};

// The same entries in every store (an emptied store equals an untouched one).
bool SameContents(const Stores& a, const Stores& b);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_STORE_STORES_H_
