#include "model/oracle/cache_invariant.h"

#include "model/iommu/translation_unit.h"

namespace iovalab {

void CacheInvariant::Follow(const std::vector<Sink::Change>& changes) {
  for (const Sink::Change& change : changes) {
    const Delta& d = change.delta;
    if (d.store.kind != StoreKind::kIommu || d.op == DeltaOp::kAdd) continue;
    removed_.push_back({Iova(d.entry.first), Iova(d.entry.last)});
  }
}

std::optional<Violation> CacheInvariant::Check(const Stores& stores,
                                               const PageTable& table) {
  std::optional<Violation> violation;
  for (const Range<Iova>& range : removed_) {
    const std::optional<StaleRun> stale =
        FindStale(stores, table, range.first.value, range.last.value);
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
  removed_.clear();
  return violation;
}

}  // namespace iovalab
