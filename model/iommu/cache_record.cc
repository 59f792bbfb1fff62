#include "model/iommu/cache_record.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace iovalab {
namespace {

Entry EntryOf(const IotlbEntry& e) {
  Entry entry;
  entry.first = e.first;
  entry.last = e.last();
  entry.target = e.target;
  entry.tag = e.generation;
  entry.perm = e.perm;
  return entry;
}

// Whether the run has this entry as it is.
bool Has(const Entry& run, const Entry& e) {
  return run.Translate(e.first) == e.target && run.tag == e.tag &&
         run.perm == e.perm;
}

// Takes [first, last] out of a store, which has runs there.
void Cut(StoreId store, uint64_t first, uint64_t last, Rule rule, Sink& sink) {
  while (const std::optional<Entry> run =
             sink.table(store).FirstIn(first, last)) {
    sink.Del(store, *run, rule, Actor::kIommu);
    if (run->first < first) {
      Entry head = *run;
      head.last = first - 1;
      sink.Add(store, head, rule, Actor::kIommu);
    }
    if (run->last > last) {
      Entry tail = *run;
      tail.first = last + 1;
      tail.target = run->Translate(tail.first);
      sink.Add(store, tail, rule, Actor::kIommu);
    }
  }
}

struct Came {
  StoreId store;
  Entry run;
};

void Join(std::vector<Came>& came, StoreId store, const Entry& e) {
  if (!came.empty()) {
    Entry& run = came.back().run;
    if (came.back().store == store && run.last + 1 == e.first && Has(run, e)) {
      run.last = e.last;
      return;
    }
  }
  came.push_back({store, e});
}

}  // namespace

void RecordCache(Iotlb& cache, StoreKind kind, Rule came_by, Rule went_by,
                 Sink& sink) {
  std::vector<IotlbEntry> changes = cache.TakeChanges();
  if (changes.empty()) return;
  const auto key = [](const IotlbEntry& e) {
    return std::pair(e.shift, e.first);
  };
  std::sort(changes.begin(), changes.end(),
            [&](const auto& a, const auto& b) { return key(a) < key(b); });
  std::vector<Came> came;
  // A range of neighbours that went.
  std::optional<StoreId> going;
  uint64_t first = 0, last = 0;
  const auto flush = [&] {
    if (going) Cut(*going, first, last, went_by, sink);
    going.reset();
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    if (i > 0 && key(changes[i]) == key(changes[i - 1])) continue;
    const StoreId store = CacheStore(kind, changes[i]);
    const IotlbEntry* now = cache.Exact(changes[i]);
    const std::optional<Entry> was = sink.table(store).Find(changes[i].first);
    if (was && now != nullptr && Has(*was, EntryOf(*now))) continue;
    if (now != nullptr) Join(came, store, EntryOf(*now));
    if (!was) continue;
    if (going != store || last + 1 != changes[i].first) flush();
    if (!going) first = changes[i].first;
    going = store;
    last = changes[i].last();
  }
  flush();
  for (const Came& c : came) sink.Add(c.store, c.run, came_by, Actor::kIommu);
}

}  // namespace iovalab
