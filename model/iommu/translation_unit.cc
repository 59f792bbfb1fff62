#include "model/iommu/translation_unit.h"

#include <algorithm>
#include <vector>

#include "model/iommu/cache_path.h"
#include "model/iommu/cache_record.h"
#include "model/iommu/cache_stream.h"
#include "model/iommu/page_table_source.h"
#include "model/iommu/walk_cache.h"
#include "model/iommu/walk_record.h"

namespace iovalab {
namespace {

std::optional<Entry> RunOf(const IotlbEntry& e, StoreKind kind,
                           const Sink& sink) {
  return sink.table(CacheStore(kind, e)).Find(e.first);
}

void Record(TranslationUnit& unit, Rule went, Sink& sink) {
  CachePath path(unit.caches);
  for (int i = 0; i < path.count; ++i) {
    RecordCache(*path.cache[i], path.kind[i], Rule::kIommuCached, went, sink);
  }
  RecordCache(unit.caches.walk, StoreKind::kWalkCache, Rule::kIommuCached, went,
              sink);
}

// The level of the freed table that hardware reads for `iova` by a pointer that
// it has; pointers to freed tables that it does not use are forgotten. What it
// reads there was cleared before the table was freed.
std::optional<int> InFreedTable(TranslationUnit& unit, const PageTable& table,
                                uint64_t iova) {
  Iotlb& walk = unit.caches.walk;
  while (const auto level = FreedTable(walk, unit.domain, table, iova)) {
    if (unit.window.UsesOld()) return level;
    const IotlbEntry gone = *walk.Find(unit.domain, kNoPasid, iova);
    walk.Erase(gone);
  }
  return std::nullopt;
}

Walked NothingIn(const PageTable& table, int level, uint64_t iova,
                 uint32_t access) {
  const Format& f = table.format();
  Walked w;
  w.reason = IommuFault::kNotPresent;
  w.level = static_cast<int8_t>(level);
  w.native_code = f.ops->fault_code(w.reason, access);
  const uint64_t position = f.Position(iova);
  w.pte_address = f.TableAddress(level, position) +
                  f.Index(level, position) * f.entry_bytes;
  w.pte = f.ops->absent(f, level);
  return w;
}

// From `iova` to here, `end` at most, the first cache that has the address
// answers by one entry.
uint64_t InFirstCache(const CachePath& path, uint32_t domain, uint64_t iova,
                      uint64_t end) {
  for (int i = 0; i < path.count; ++i) {
    const IotlbEntry* e = path.cache[i]->Peek(domain, kNoPasid, iova);
    if (e != nullptr) return InEntry(*path.cache[i], *e, iova, end);
  }
  return end;
}

Translation ByStaleEntry(const IotlbEntry& e, uint64_t iova, uint64_t last) {
  Translation t;
  t.walk.ok = true;
  t.walk.pa = TargetAt(e, iova);
  t.walk.size_bits = e.shift;
  t.walk.perm = e.perm;
  t.last = std::min(last, e.last());
  t.stale = true;
  return t;
}

// A cached entry that serves the access, fresh or not. Entries of other sizes
// may lie behind one that does not; what may not be used is forgotten, as
// hardware asks the tables anew.
struct Usable {
  IotlbEntry entry;
  bool fresh = false;
};
std::optional<Usable> FindUsable(TranslationUnit& unit, Iotlb& cache,
                                 const Walked& tables, uint64_t iova,
                                 uint32_t access) {
  while (const IotlbEntry* hit = cache.Find(unit.domain, kNoPasid, iova)) {
    const IotlbEntry entry = *hit;
    const bool fresh = tables.ok && tables.pa == TargetAt(entry, iova);
    const bool grants = (entry.perm & access) != 0;
    if (grants && (fresh || unit.window.UsesOld())) return Usable{entry, fresh};
    cache.Erase(entry);
  }
  return std::nullopt;
}

// What a cache says of the address; nothing where none says anything that is
// used.
std::optional<Translation> FromCaches(TranslationUnit& unit,
                                      const Walked& tables, uint64_t iova,
                                      uint64_t last, uint32_t access,
                                      const Sink& sink) {
  CachePath path(unit.caches);
  for (int i = 0; i < path.count; ++i) {
    const std::optional<Usable> hit =
        FindUsable(unit, *path.cache[i], tables, iova, access);
    if (!hit) continue;
    Translation t;
    t.walk = tables;
    t.last = last;
    if (!hit->fresh) t = ByStaleEntry(hit->entry, iova, last);
    t.cached = RunOf(hit->entry, path.kind[i], sink);
    if (hit->fresh) return t;
    while (i > 0) path.cache[--i]->Insert(hit->entry, iova);
    t.last = InFirstCache(path, unit.domain, iova, t.last);
    return t;
  }
  return std::nullopt;
}

// Whether the tables have the leaves of a cached run as it is.
bool SaysTheSame(const Entry& run, const PageTable& table) {
  uint64_t next = run.first;  // up to here it is as the tables say
  bool same = true, whole = false;
  table.ForEachRun(run.first, run.last, [&](const LeafRun& r) {
    const uint64_t from = std::max(r.first, run.first);
    const uint64_t offset = r.constant
                                ? (from - r.first) & (ShiftBit(r.size_bits) - 1)
                                : from - r.first;
    same = same && from == next && (run.perm & ~r.perm) == 0 &&
           run.Translate(from) == r.address + offset &&
           (!r.constant || r.leaves() == 1);
    whole = r.last >= run.last;
    next = r.last + 1;
  });
  return same && whole;
}

// The lowest of a run of pointers, of 2^shift bytes each, that meets
// [first, last] and whose table is gone.
std::optional<Entry> DanglingIn(const Entry& run, int shift,
                                const PageTable& table, uint64_t first,
                                uint64_t last) {
  const uint64_t span = ShiftBit(shift);
  uint64_t at = std::max(first & ~(span - 1), run.first);
  last = std::min(last, run.last);
  while (!GoneTable(table, shift, at)) {
    if (last - at < span) return std::nullopt;
    at += span;
  }
  Entry pointer = run;
  pointer.first = at;
  pointer.last = at + (span - 1);
  pointer.target = run.Translate(at);
  return pointer;
}

}  // namespace

TranslationUnit::TranslationUnit(const UnitShape& shape, uint32_t source_id)
    : caches{Iotlb(shape.iotlb), Iotlb(shape.walk), {}} {
  queue.shape = shape.queue;
  if (shape.atc) caches.devices.push_back({source_id, Iotlb(*shape.atc)});
  caches.iotlb.KeepChanges();
  caches.walk.KeepChanges();
  for (IommuCaches::Device& device : caches.devices) device.atc.KeepChanges();
}

Translation Translate(TranslationUnit& unit, const PageTable& table,
                      uint64_t iova, uint64_t last, bool write, Sink& sink) {
  const uint32_t access = write ? kAccessWrite : kAccessRead;
  const Walked tables = WalkTable(table, iova, {.access = access});
  std::optional<Translation> found =
      FromCaches(unit, tables, iova, last, access, sink);
  Translation t;
  if (found) {
    t = *found;
  } else {
    if (unit.shows_walks) RecordWalk(table, iova, write, sink);
    t.walk = tables;
    t.last = last;
    const std::optional<int> freed = InFreedTable(unit, table, iova);
    t.stale = freed && tables.ok;
    if (t.stale) t.walk = NothingIn(table, *freed, iova, access);
  }
  if (!t.walk.ok) t.last = iova;
  if (t.walk.ok && !t.stale) {
    t.last = TouchLeaves(unit.caches, unit.domain, table, iova, last, access);
  }
  Record(unit, Rule::kIommuEvicted, sink);
  return t;
}

namespace {

InvalidationEffect RecordDone(TranslationUnit& unit,
                              const std::vector<InvalidationDone>& all,
                              Sink& sink) {
  InvalidationEffect sum;
  for (const InvalidationDone& done : all) {
    sum.iotlb += done.effect.iotlb;
    sum.walk += done.effect.walk;
    sum.device += done.effect.device;
  }
  Record(unit, Rule::kIommuInvalidated, sink);
  return sum;
}

}  // namespace

InvalidationEffect RunInvalidations(TranslationUnit& unit, sim::Time now,
                                    Sink& sink) {
  return RecordDone(unit, RunDue(unit.queue, unit.caches, now), sink);
}

InvalidationEffect RunInvalidationsThrough(TranslationUnit& unit, uint64_t end,
                                           Sink& sink) {
  return RecordDone(unit, RunThrough(unit.queue, unit.caches, end), sink);
}

std::optional<StaleRun> FindStale(const Stores& stores, const PageTable& table,
                                  uint64_t first, uint64_t last) {
  std::optional<StaleRun> found;
  stores.ForEachStore([&](StoreId id, const IntervalTable& cached) {
    if (id.kind != StoreKind::kHwIotlb && id.kind != StoreKind::kAtc) return;
    for (uint64_t at = first; !found;) {
      const std::optional<Entry> run = cached.FirstIn(at, last);
      if (!run) return;
      if (!SaysTheSame(*run, table)) found = StaleRun{id, *run};
      if (run->last >= last) return;
      at = run->last + 1;
    }
  });
  return found ? found : FindStalePointer(stores, table, first, last);
}

std::optional<StaleRun> FindStalePointer(const Stores& stores,
                                         const PageTable& table, uint64_t first,
                                         uint64_t last) {
  std::optional<StaleRun> found;
  stores.ForEachStore([&](StoreId id, const IntervalTable& cached) {
    if (id.kind != StoreKind::kWalkCache) return;
    for (uint64_t at = first; !found;) {
      const std::optional<Entry> run = cached.FirstIn(at, last);
      if (!run) return;
      const auto gone = DanglingIn(*run, id.asid, table, first, last);
      if (gone) found = StaleRun{id, *gone};
      if (run->last >= last) return;
      at = run->last + 1;
    }
  });
  return found;
}

}  // namespace iovalab
