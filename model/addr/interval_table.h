#ifndef IOVALAB_MODEL_ADDR_INTERVAL_TABLE_H_
#define IOVALAB_MODEL_ADDR_INTERVAL_TABLE_H_

// IntervalTable: entries with disjoint key ranges, ordered by key, with two
// further questions answered without a scan: which entry is first in key order
// among those whose *targets* touch a range (aliases allowed), and where the
// first hole of a given size is. It is the one container behind the stores.
//
// Not for: tables whose keys may overlap (the kernel's vhost-net IOTLB).
//
// Invariants: keys are disjoint; a full copy is a value copy. Returned entries
// are copies; nothing returned is invalidated by a later change. All is
// O(log n) except ForEach, O(n), and FindByTarget, whose bound target_index.h
// states. A moved-from table may only be assigned to or destroyed.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "model/addr/entry.h"
#include "model/addr/key_index.h"
#include "model/addr/target_index.h"

namespace iovalab {

class IntervalTable {
 public:
  // With by_target = false FindByTarget may not be called (checked), and no
  // second index is kept.
  explicit IntervalTable(bool by_target = true) : by_target_(by_target) {}

  size_t size() const { return keys_.size(); }
  bool empty() const { return keys_.size() == 0; }

  // No entry intersects the new one, and it does not end before it begins
  // (checked).
  void Insert(const Entry& entry);
  // Removes the entry that begins at `first`, which exists (checked).
  void Erase(uint64_t first);
  void Clear();

  // The entry that contains `key`.
  std::optional<Entry> Find(uint64_t key) const { return keys_.Find(key); }
  // The lowest entry that intersects [first, last]; first <= last.
  std::optional<Entry> FirstIn(uint64_t first, uint64_t last) const {
    return keys_.FirstIn(first, last);
  }
  // The lowest entry whose first key is >= key; the highest whose first is <
  // key.
  std::optional<Entry> AtOrAfter(uint64_t key) const {
    return keys_.AtOrAfter(key);
  }
  std::optional<Entry> Before(uint64_t key) const;
  // How many entries begin at or below `key`.
  uint64_t CountThrough(uint64_t key) const { return keys_.CountThrough(key); }

  struct Reverse {
    std::optional<Entry> entry;
    // Entries that a scan from the lowest key visits until it answers: the
    // entry's place from 1, the size of the table where there is none. It is
    // the cost of QEMU's iova_tree_find_iova, computed and not paid.
    uint64_t scanned = 0;
  };
  // First in key order among the entries with this tag whose targets touch
  // [first, last]: target <= last and first <= target_last(). Nothing else is
  // asked, so that a target or a range whose end wrapped past 2^64 touches as
  // it does in QEMU (recorded QT-h004).
  Reverse FindByTarget(uint64_t tag, uint64_t first, uint64_t last) const;

  struct Hole {
    uint64_t first = 0;
    // Entries that a scan from the lowest key visits until it knows: those
    // below the hole and the one that ends it, if any.
    uint64_t scanned = 0;
  };
  // The lowest h >= begin such that no entry touches [h, h + size_minus_1] and
  // that range ends below 2^64 - 1; nothing where there is none. `begin` may be
  // anywhere, within an entry too: that entry is in the way like any other.
  // That the last byte of the space is never given out is QEMU's: past the last
  // entry it wants (2^64 - 1) - h > size_minus_1 (recorded Q72-h009...h011).
  std::optional<Hole> FirstHole(uint64_t begin, uint64_t size_minus_1) const;

  // Calls f(entry) in key order. f must not change the table.
  template <typename F>
  void ForEach(F f) const {
    keys_.ForEach(f);
  }

 private:
  bool by_target_;
  KeyIndex keys_;
  TargetIndex targets_;  // empty where by_target_ is false
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_ADDR_INTERVAL_TABLE_H_
