#ifndef IOVALAB_MODEL_ORACLE_CACHE_INVARIANT_H_
#define IOVALAB_MODEL_ORACLE_CACHE_INVARIANT_H_

// CacheInvariant: invariant 5 (docs/design.md): once software believes that
// what it took out of the IOMMU's tables is invalidated, no cache has it (L3,
// L4): no translation, and no pointer to a table that is gone. Checked at a
// cost that depends on what was changed since.
//
// Not for: entries that are stale while an invalidation is under way, which the
// contract allows; what goes through them is judged access by access.

#include <optional>
#include <vector>

#include "model/addr/address.h"
#include "model/addr/range.h"
#include "model/iommu/page_table.h"
#include "model/oracle/invariants.h"
#include "model/store/sink.h"

namespace iovalab {

class CacheInvariant {
 public:
  // An operation is over; `changes` are its deltas.
  void Follow(const std::vector<Sink::Change>& changes);
  // Software waits for no invalidation, and has none to ask for. `table` is
  // what hardware walks.
  std::optional<Violation> Check(const Stores& stores, const PageTable& table);

 private:
  // In L3 since the last check.
  struct Changed {
    Range<Iova> range;
    bool removed;
  };
  std::vector<Changed> changed_;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_ORACLE_CACHE_INVARIANT_H_
