#ifndef IOVALAB_MODEL_EVENT_NAME_TABLE_H_
#define IOVALAB_MODEL_EVENT_NAME_TABLE_H_

// NameTable: distinct names, numbered from 0 in the order of their first use.
//
// Not for: names that go away.
//
// Invariant: nothing depends on hashes but time. A copy is a value copy.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace iovalab {

class NameTable {
 public:
  // The number of the name, which is size() before the call where it is new.
  // Constant time, amortized.
  uint32_t Add(absl::string_view name);
  uint32_t size() const { return static_cast<uint32_t>(names_.size()); }
  const std::vector<std::string>& names() const { return names_; }

 private:
  // A place of an open-addressed table; a copy of the hash spares most looks at
  // names, all of them when the table grows.
  struct Slot {
    uint32_t hash;
    uint32_t name = kFree;
  };
  static constexpr uint32_t kFree = UINT32_MAX;

  // Of the name, or the free one where it belongs. There is a free one.
  Slot& Find(uint32_t hash, absl::string_view name);
  void Grow();

  std::vector<std::string> names_;
  std::vector<Slot> slots_;  // a power of two of them, at most half taken
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_EVENT_NAME_TABLE_H_
