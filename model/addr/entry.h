#ifndef IOVALAB_MODEL_ADDR_ENTRY_H_
#define IOVALAB_MODEL_ADDR_ENTRY_H_

// Entry: one node of a store: keys [first, last] (inclusive) that translate
// linearly to targets [target, target + (last - first)], modulo 2^64.
//
// What key and target are (IOVA, GPA, HVA, HPA, a count) depends on the store;
// model/store/store_id.h has the table. Invariant: first <= last.

#include <cstdint>

namespace iovalab {

// Access permission. Numbers as in QEMU's IOMMUAccessFlags and the kernel's
// VHOST_ACCESS_*; the kernel stores whatever byte it was given (recorded
// A-simblk perm/*), so other values occur.
inline constexpr uint32_t kPermNone = 0;
inline constexpr uint32_t kPermRead = 1;
inline constexpr uint32_t kPermWrite = 2;
inline constexpr uint32_t kPermReadWrite = 3;

struct Entry {
  uint64_t first = 0;
  uint64_t last = 0;
  uint64_t target = 0;
  uint64_t tag = 0;  // store-specific: the id of hva_id, a file offset, 0
  uint32_t perm = kPermNone;
  // Event that put the entry there: its provenance, not part of its value.
  uint32_t born = 0;

  uint64_t target_last() const { return target + (last - first); }
  uint64_t Translate(uint64_t key) const { return target + (key - first); }
  bool Contains(uint64_t key) const { return first <= key && key <= last; }
};

constexpr bool operator==(const Entry& a, const Entry& b) {
  return a.first == b.first && a.last == b.last && a.target == b.target &&
         a.tag == b.tag && a.perm == b.perm;
}

}  // namespace iovalab

#endif  // IOVALAB_MODEL_ADDR_ENTRY_H_
