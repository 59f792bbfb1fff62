#include "model/event/name_table.h"

#include <algorithm>

#include "absl/hash/hash.h"
#include "sim/check.h"

namespace iovalab {
namespace {

constexpr size_t kLeastSlots = 16;

}  // namespace

NameTable::Slot& NameTable::Find(uint32_t hash, absl::string_view name) {
  const size_t mask = slots_.size() - 1;
  for (size_t i = hash & mask;; i = (i + 1) & mask) {
    Slot& slot = slots_[i];
    if (slot.name == kFree ||
        (slot.hash == hash && names_[slot.name] == name)) {
      return slot;
    }
  }
}

void NameTable::Grow() {
  std::vector<Slot> old(std::max(kLeastSlots, slots_.size() * 2));
  old.swap(slots_);
  const size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.name == kFree) continue;
    size_t i = slot.hash & mask;
    while (slots_[i].name != kFree) i = (i + 1) & mask;
    slots_[i] = slot;
  }
}

uint32_t NameTable::Add(absl::string_view name) {
  if (2 * names_.size() >= slots_.size()) Grow();
  const auto hash =
      static_cast<uint32_t>(absl::Hash<absl::string_view>()(name));
  Slot& slot = Find(hash, name);
  if (slot.name == kFree) {
    sim::Check(names_.size() < kFree, "too many names");
    slot = {hash, size()};
    names_.emplace_back(name);
  }
  return slot.name;
}

}  // namespace iovalab
