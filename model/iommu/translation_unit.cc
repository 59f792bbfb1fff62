#include "model/iommu/translation_unit.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "model/iommu/cache_record.h"
#include "model/iommu/page_table_source.h"
#include "model/iommu/walk_record.h"

namespace iovalab {
namespace {

// The caches that a device's access asks, in order.
struct Path {
  Iotlb* cache[2];
  StoreKind kind[2];
  int count = 0;

  explicit Path(IommuCaches& caches) {
    for (IommuCaches::Device& device : caches.devices) {
      Add(device.atc, StoreKind::kAtc);
    }
    Add(caches.iotlb, StoreKind::kHwIotlb);
  }
  void Add(Iotlb& c, StoreKind k) {
    cache[count] = &c;
    kind[count++] = k;
  }
};

uint64_t TargetAt(const IotlbEntry& e, uint64_t iova) {
  return e.target + (iova - e.first);
}

std::optional<Entry> RunOf(const IotlbEntry& e, StoreKind kind,
                           const Sink& sink) {
  return sink.table(CacheStore(kind, e)).Find(e.first);
}

void Record(TranslationUnit& unit, Rule went, Sink& sink) {
  Path path(unit.caches);
  for (int i = 0; i < path.count; ++i) {
    RecordCache(*path.cache[i], path.kind[i], Rule::kIommuCached, went, sink);
  }
  RecordCache(unit.caches.walk, StoreKind::kWalkCache, Rule::kIommuCached, went,
              sink);
}

// The pointers that a walk for `iova` down to the leaf read. Those above one
// that was there already were read before.
void FillWalkCache(TranslationUnit& unit, const PageTable& table, uint64_t iova,
                   int leaf_level) {
  Iotlb& walk = unit.caches.walk;
  const Format& f = table.format();
  const uint64_t position = f.Position(iova);
  const IotlbEntry* known = walk.Find(unit.domain, kNoPasid, iova);
  const int top = known == nullptr ? 64 : known->shift;
  for (int level = f.root_level(); level > leaf_level; --level) {
    const int shift = f.Shift(level);
    if (shift >= top || (walk.shape().shifts & ShiftBit(shift)) == 0) continue;
    IotlbEntry e;
    e.first = iova & ~(ShiftBit(shift) - 1);
    e.shift = static_cast<uint8_t>(shift);
    e.target = table.TableAddress(level - 1, position);
    e.domain = unit.domain;
    e.perm = static_cast<uint8_t>(kAccessRead | kAccessWrite);
    e.generation = table.generation();
    walk.Insert(e, iova);
  }
}

// The level of the table that hardware reads for `iova` because it still has a
// pointer to it, where that table is no more.
std::optional<int> FreedTable(TranslationUnit& unit, const PageTable& table,
                              uint64_t iova) {
  Iotlb& walk = unit.caches.walk;
  if (walk.size() == 0) return std::nullopt;
  const IotlbEntry* e = walk.Find(unit.domain, kNoPasid, iova);
  if (e == nullptr) return std::nullopt;
  const Format& f = table.format();
  int level = f.root_level();
  while (f.Shift(level) != e->shift) --level;
  if (table.KindOf(level, f.Position(iova)) == EntryKind::kTable) {
    return std::nullopt;
  }
  return level - 1;
}

// The same where hardware uses that pointer, and forgets those that it does
// not. What it reads there was cleared before the table was freed.
std::optional<int> InFreedTable(TranslationUnit& unit, const PageTable& table,
                                uint64_t iova) {
  while (const std::optional<int> level = FreedTable(unit, table, iova)) {
    if (unit.window.UsesOld()) return level;
    const IotlbEntry gone = *unit.caches.walk.Find(unit.domain, kNoPasid, iova);
    unit.caches.walk.Erase(gone);
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

enum class Touched : uint8_t {
  kRefused,  // a cache holds something else, or a walk would read a freed table
  kHit,
  kMissed,  // everywhere
};

// A leaf's access by way of the caches, each of which keeps it afterwards.
Touched TouchLeaf(TranslationUnit& unit, const PageTable& table,
                  const IotlbEntry& leaf, int level, uint64_t iova,
                  uint32_t access) {
  Path path(unit.caches);
  int missed = 0;
  for (; missed < path.count; ++missed) {
    const IotlbEntry* hit = nullptr;
    // An entry that goes may have hidden a larger one.
    while ((hit = path.cache[missed]->Find(unit.domain, kNoPasid, iova)) !=
           nullptr) {
      if (TargetAt(*hit, iova) != TargetAt(leaf, iova)) {
        return Touched::kRefused;
      }
      if ((hit->perm & access) != 0) break;
      const IotlbEntry narrow = *hit;
      path.cache[missed]->Erase(narrow);
    }
    if (hit != nullptr) break;
  }
  if (missed == path.count) {
    if (FreedTable(unit, table, iova)) return Touched::kRefused;
    FillWalkCache(unit, table, iova, level);
  }
  const bool hit = missed < path.count;
  while (missed-- > 0) path.cache[missed]->Insert(leaf, iova);
  return hit ? Touched::kHit : Touched::kMissed;
}

// From `iova` to here, `end` at most, the first cache that has the address has
// it in the same entry: not in a smaller one, which comes before it.
uint64_t InSameEntry(const Path& path, uint32_t domain, uint64_t iova,
                     uint64_t end) {
  for (int i = 0; i < path.count; ++i) {
    const IotlbEntry* e = path.cache[i]->Peek(domain, kNoPasid, iova);
    if (e == nullptr) continue;
    end = std::min(end, e->last());
    if (end == iova) return end;
    const auto smaller = path.cache[i]->FirstSmaller(*e, iova + 1, end);
    return smaller ? *smaller - 1 : end;
  }
  return end;
}

// log2 of the bytes between two accesses of leaves that the first cache tells
// apart.
std::optional<int> StepShift(const Path& path, int leaf_shift) {
  for (int i = 0; i < path.count; ++i) {
    const auto kept = KeptShift(path.cache[i]->shape(), leaf_shift);
    if (kept) return kept;
  }
  return std::nullopt;
}

// After so many bytes of misses of leaves of that size no cache holds anything
// older, and after a multiple of them each is in the same state but for the
// addresses. A power of two.
uint64_t StreamBytes(TranslationUnit& unit, const Format& f, int leaf_shift,
                     int step_shift) {
  uint64_t bytes = ShiftBit(step_shift);
  const auto consider = [&](const Iotlb& cache, int shift) {
    const uint64_t entries =
        uint64_t{cache.shape().sets} * cache.shape().ways * 2;
    const int turns = std::bit_width(entries - 1);
    bytes = std::max(bytes, ShiftBit(std::min(63, shift + turns)));
  };
  Path path(unit.caches);
  for (int i = 0; i < path.count; ++i) {
    const auto kept = KeptShift(path.cache[i]->shape(), leaf_shift);
    if (kept) consider(*path.cache[i], std::max(*kept, step_shift));
  }
  // Of the pointers the lowest that are kept: those above come among them, at
  // the same times whatever was there before.
  const Iotlb& walk = unit.caches.walk;
  for (int l = f.LeafLevel(leaf_shift) + 1; l <= f.root_level(); ++l) {
    if ((walk.shape().shifts & ShiftBit(f.Shift(l))) == 0) continue;
    consider(walk, f.Shift(l));
    break;
  }
  return bytes;
}

// Touches the leaves of [from, to], which are of `run`. Answers the last byte
// before a leaf that TouchLeaf refuses; `to` where there is none.
uint64_t TouchLeaves(TranslationUnit& unit, const PageTable& table,
                     const LeafRun& run, uint64_t from, uint64_t to,
                     uint32_t access) {
  const Path path(unit.caches);
  const std::optional<int> step = StepShift(path, run.size_bits);
  if (!step) return to;
  const int level = table.format().LeafLevel(run.size_bits);
  const uint64_t offset = ShiftBit(run.size_bits) - 1;
  const uint64_t stream =
      StreamBytes(unit, table.format(), run.size_bits, *step);
  bool skipped = false;
  uint64_t missing_from = from;  // nothing was hit from here on
  for (uint64_t at = from;;) {
    IotlbEntry leaf;
    leaf.first = at & ~offset;
    leaf.target = run.address + (run.constant ? 0 : leaf.first - run.first);
    leaf.domain = unit.domain;
    leaf.shift = run.size_bits;
    leaf.perm = static_cast<uint8_t>(run.perm);
    leaf.generation = table.generation();
    const Touched touched = TouchLeaf(unit, table, leaf, level, at, access);
    if (touched == Touched::kRefused) return at - 1;
    const uint64_t alike = run.constant ? at | (ShiftBit(*step) - 1) : to;
    const uint64_t end =
        InSameEntry(path, unit.domain, at, std::min(alike, to));
    if (end == to) return to;
    at = end + 1;
    if (touched == Touched::kHit) missing_from = at;
    if (!skipped && at - missing_from >= stream && (to - at) / stream > 1) {
      at += ((to - at) / stream - 1) * stream;
      skipped = true;
    }
  }
}

// The same of all leaves of [iova, last].
uint64_t TouchRuns(TranslationUnit& unit, const PageTable& table, uint64_t iova,
                   uint64_t last, uint32_t access) {
  const Format& f = table.format();
  const uint64_t base = iova - f.Position(iova);
  uint64_t reached = last;
  table.ForEachRun(f.Position(iova), f.Position(last), [&](const LeafRun& r) {
    if (reached != last) return;
    const uint64_t to = std::min(base + r.last, last);
    LeafRun run = r;
    run.first += base;
    run.last += base;
    const uint64_t at =
        TouchLeaves(unit, table, run, std::max(run.first, iova), to, access);
    if (at != to) reached = at;
  });
  return reached;
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
  Path path(unit.caches);
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
    t.last = InSameEntry(path, unit.domain, iova, t.last);
    return t;
  }
  return std::nullopt;
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
    t.last = TouchRuns(unit, table, iova, last, access);
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
      uint64_t next = run->first;  // up to here it is as the tables say
      bool same = true, whole = false;
      table.ForEachRun(run->first, run->last, [&](const LeafRun& r) {
        const uint64_t from = std::max(r.first, run->first);
        const uint64_t offset =
            r.constant ? (from - r.first) & (ShiftBit(r.size_bits) - 1)
                       : from - r.first;
        same = same && from == next && (run->perm & ~r.perm) == 0 &&
               run->Translate(from) == r.address + offset &&
               (!r.constant || r.leaves() == 1);
        whole = r.last >= run->last;
        next = r.last + 1;
      });
      if (!same || !whole) found = StaleRun{id, *run};
      if (run->last >= last) return;
      at = run->last + 1;
    }
  });
  return found;
}

}  // namespace iovalab
