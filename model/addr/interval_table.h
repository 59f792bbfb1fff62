#ifndef IOVALAB_MODEL_ADDR_INTERVAL_TABLE_H_
#define IOVALAB_MODEL_ADDR_INTERVAL_TABLE_H_

// IntervalTable: entries with disjoint key ranges, ordered by key, with two
// further questions answered in logarithmic time: which entry is first in key
// order among those whose *targets* touch a range (aliases allowed), and where
// the first hole of a given size is. It is the one container behind the stores.
//
// Not for: tables whose keys may overlap (the kernel's vhost-net IOTLB).
//
// Invariants: keys are disjoint; a full copy is a value copy. Returned entries
// are copies; nothing returned is invalidated by a later change.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "model/addr/entry.h"

namespace iovalab {

class IntervalTable {
 public:
  // With by_target = false FindByTarget may not be called, and no second index
  // is kept.
  explicit IntervalTable(bool by_target = true) : by_target_(by_target) {}

  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }

  // The caller has made sure that no entry intersects (checked).
  void Insert(const Entry& entry);
  // Removes the entry that begins at `first`, which exists (checked).
  void Erase(uint64_t first);
  void Clear() { entries_.clear(); }

  // The entry that contains `key`.
  std::optional<Entry> Find(uint64_t key) const;
  // The lowest entry that intersects [first, last].
  std::optional<Entry> FirstIn(uint64_t first, uint64_t last) const;
  // The lowest entry whose first key is >= key; the highest whose first is <
  // key.
  std::optional<Entry> AtOrAfter(uint64_t key) const;
  std::optional<Entry> Before(uint64_t key) const;

  // How many entries begin at or below `key`.
  uint64_t CountThrough(uint64_t key) const;

  struct Reverse {
    std::optional<Entry> entry;
    // Nodes that an in-order scan from the lowest key visits until it answers:
    // the cost of QEMU's iova_tree_find_iova, computed and not paid.
    uint64_t scanned = 0;
  };
  // First in key order among the entries with this tag whose targets intersect
  // [first, last]. Targets that wrap past 2^64 are compared as QEMU does: the
  // inclusive end is target + (last - first) modulo 2^64.
  Reverse FindByTarget(uint64_t tag, uint64_t first, uint64_t last) const;

  struct Hole {
    uint64_t first = 0;
    uint64_t scanned = 0;  // as above, for iova_tree_alloc_map's traversal
  };
  // The lowest h >= begin such that no entry touches [h, h + size_minus_1] and
  // that range ends below 2^64 - 1; nothing where there is none. An entry that
  // straddles begin is in the way like any other. That the last byte of the
  // space is never given out is QEMU's: past the last entry it wants
  // (2^64 - 1) - h > size_minus_1 (recorded Q72-h009...h011).
  std::optional<Hole> FirstHole(uint64_t begin, uint64_t size_minus_1) const;

  // Calls f(entry) in key order.
  template <typename F>
  void ForEach(F f) const {
    for (const auto& [first, entry] : entries_) f(entry);
  }

 private:
  bool by_target_;
  std::map<uint64_t, Entry> entries_;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_ADDR_INTERVAL_TABLE_H_
