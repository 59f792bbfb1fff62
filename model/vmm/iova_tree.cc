#include "model/vmm/iova_tree.h"

namespace iovalab {
namespace {

DmaMap MapOf(const Entry& entry) {
  return DmaMap{entry.first, entry.target, entry.last - entry.first, entry.tag,
                entry.perm};
}

std::optional<DmaMap> MapOf(const std::optional<Entry>& entry) {
  if (!entry) return std::nullopt;
  return MapOf(*entry);
}

int Insert(Sink& sink, StoreId tree, const DmaMap& map, Rule rule) {
  const uint64_t last = map.iova + map.size;
  if (last < map.iova || map.perm == kPermNone) return kIovaErrInvalid;
  if (sink.table(tree).FirstIn(map.iova, last)) return kIovaErrOverlap;
  const Entry entry{.first = map.iova,
                    .last = last,
                    .target = map.translated_addr,
                    .tag = map.id,
                    .perm = map.perm};
  sink.Add(tree, entry, rule, Actor::kVmm);
  return kIovaOk;
}

}  // namespace

std::optional<Entry> FirstTouching(const IntervalTable& table, uint64_t first,
                                   uint64_t last) {
  if (first <= last) return table.FirstIn(first, last);
  std::optional<Entry> entry = table.Find(first);
  if (entry && entry->first > last) entry.reset();
  return entry;
}

uint64_t RemoveTouching(Sink& sink, StoreId store, uint64_t first,
                        uint64_t size, Rule rule) {
  uint64_t removed = 0;
  while (std::optional<Entry> entry =
             FirstTouching(sink.table(store), first, first + size)) {
    sink.Del(store, *entry, rule, Actor::kVmm);
    ++removed;
  }
  return removed;
}

int IovaTreeInsert(Sink& sink, StoreId tree, const DmaMap& map) {
  return Insert(sink, tree, map, Rule::kTreeInsert);
}

uint64_t IovaTreeRemove(Sink& sink, StoreId tree, uint64_t iova,
                        uint64_t size) {
  return RemoveTouching(sink, tree, iova, size);
}

std::optional<DmaMap> IovaTreeFind(const IntervalTable& tree, uint64_t iova,
                                   uint64_t size) {
  return MapOf(FirstTouching(tree, iova, iova + size));
}

std::optional<DmaMap> IovaTreeFindAddress(const IntervalTable& tree,
                                          uint64_t iova) {
  return MapOf(tree.Find(iova));
}

IovaFound IovaTreeFindIova(const IntervalTable& tree, uint64_t id,
                           uint64_t translated_addr, uint64_t size) {
  const IntervalTable::Reverse found =
      tree.FindByTarget(id, translated_addr, translated_addr + size);
  return IovaFound{MapOf(found.entry), found.scanned};
}

IovaHole IovaTreeFindHole(const IntervalTable& tree, uint64_t size,
                          uint64_t begin) {
  const std::optional<Entry> at_begin = tree.Find(begin);
  if (at_begin && at_begin->first < begin && at_begin->first - begin > size) {
    return {begin, tree.CountThrough(begin)};
  }
  if (std::optional<IntervalTable::Hole> hole = tree.FirstHole(begin, size)) {
    return {hole->first, hole->scanned};
  }
  if (tree.Find(UINT64_MAX) && UINT64_MAX - begin > size) {
    return {begin, tree.size()};
  }
  return {std::nullopt, tree.size()};
}

int IovaTreeAllocMap(Sink& sink, StoreId tree, DmaMap* map, uint64_t begin,
                     uint64_t last) {
  if (last < begin) return kIovaErrInvalid;
  const IovaHole hole = IovaTreeFindHole(sink.table(tree), map->size, begin);
  if (!hole.iova || *hole.iova + map->size > last) return kIovaErrNomem;
  map->iova = *hole.iova;
  return Insert(sink, tree, *map, Rule::kTreeFirstFit);
}

}  // namespace iovalab
