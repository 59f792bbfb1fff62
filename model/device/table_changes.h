#ifndef IOVALAB_MODEL_DEVICE_TABLE_CHANGES_H_
#define IOVALAB_MODEL_DEVICE_TABLE_CHANGES_H_

// TableChanges: by what an address space differs from the table that was last
// handed to the device, so that a set_map costs what changed and not what is
// there.
//
// Not for: undo; that is the inverse of the recorded deltas.
//
// Invariant: never both an entry removed and the same entry added.

#include <cstdint>
#include <map>
#include <optional>

#include "model/addr/entry.h"

namespace iovalab {

class TableChanges {
 public:
  void Added(const Entry& entry) {
    Change& c = changes_[entry.first];
    c.now = entry;
    if (c.was && *c.was == entry) changes_.erase(entry.first);
  }
  void Removed(const Entry& entry) {
    Change& c = changes_[entry.first];
    if (c.now) {
      c.now.reset();
      if (!c.was) changes_.erase(entry.first);
    } else {
      c.was = entry;
    }
  }

  bool empty() const { return changes_.empty(); }
  void Clear() { changes_.clear(); }

  // Entries that are gone, then those that are new, each in key order.
  template <typename F>
  void ForEachRemoved(F f) const {
    for (const auto& [first, c] : changes_) {
      if (c.was) f(*c.was);
    }
  }
  template <typename F>
  void ForEachAdded(F f) const {
    for (const auto& [first, c] : changes_) {
      if (c.now) f(*c.now);
    }
  }

 private:
  struct Change {
    std::optional<Entry> was;
    std::optional<Entry> now;
  };

  std::map<uint64_t, Change> changes_;  // by the entry's first key
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_DEVICE_TABLE_CHANGES_H_
