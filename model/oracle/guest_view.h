#ifndef IOVALAB_MODEL_ORACLE_GUEST_VIEW_H_
#define IOVALAB_MODEL_ORACLE_GUEST_VIEW_H_

// GuestView: where the guest has memory, as the guest sees it: a transaction
// is one change, although the listener gets it section by section (QEMU sets
// the new flat view at once, while the vCPU that asked for it waits).
//
// Not for: what the listener has been told so far; that is the store kFlatView.
//
// Invariant: entries are sections of RAM: guest address -> HVA, permission.

#include <cstdint>
#include <vector>

#include "model/addr/entry.h"
#include "model/addr/interval_table.h"

namespace iovalab {

class GuestView {
 public:
  // Sections go and others come, in a transaction that is under way until End.
  // Its cost is theirs, not that of the map.
  void Begin(std::vector<Entry> gone, std::vector<Entry> come);
  void End();

  // What the guest asked for last.
  const IntervalTable& now() const { return now_; }

  // Every byte of [gpa, gpa + length) is backed by the bytes from `hva` on;
  // while a transaction is under way, before it or after. length > 0.
  bool Shows(uint64_t gpa, uint64_t hva, uint64_t length) const;

  // The byte is backed by that of `hva` and the guest may access it so; while a
  // transaction is under way, before it and after.
  bool Allows(uint64_t gpa, uint64_t hva, uint32_t perm) const;

 private:
  IntervalTable now_{/*by_target=*/false};
  // Without the changes of the transaction under way.
  IntervalTable before_{/*by_target=*/false};
  std::vector<Entry> gone_;
  std::vector<Entry> come_;
  bool changing_ = false;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_ORACLE_GUEST_VIEW_H_
