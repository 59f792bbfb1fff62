#include "model/oracle/cache_invariant.h"

#include "model/iommu/translation_unit.h"

namespace iovalab {

void CacheInvariant::Follow(const std::vector<Sink::Change>& changes) {
  for (const Sink::Change& change : changes) {
    const Delta& d = change.delta;
    if (d.store.kind != StoreKind::kIommu) continue;
    changed_.push_back(
        {{Iova(d.entry.first), Iova(d.entry.last)}, d.op != DeltaOp::kAdd});
  }
}

std::optional<Violation> CacheInvariant::Check(const Stores& stores,
                                               const PageTable& table) {
  std::optional<Violation> violation;
  for (const Changed& c : changed_) {
    const uint64_t first = c.range.first.value, last = c.range.last.value;
    const std::optional<StaleRun> stale =
        c.removed ? FindStale(stores, table, first, last)
                  : FindStalePointer(stores, table, first, last);
    if (!stale) continue;
    // What a damaged entry hides, a cache may have from before.
    if (stores.Get({StoreKind::kPoison, 0})
            .FirstIn(stale->run.first, stale->run.last)) {
      continue;
    }
    violation = {5,
                 {StoreKind::kIommu, 0},
                 stale->store,
                 stale->run.first,
                 stale->run.last,
                 "a cache has what the tables have no more, and nobody will "
                 "invalidate it"};
    break;
  }
  changed_.clear();
  return violation;
}

}  // namespace iovalab
