#include "model/vmm/vhost_iova_tree.h"

#include <algorithm>

#include "model/addr/address.h"

namespace iovalab {
namespace {

constexpr StoreId kHvaTree{StoreKind::kIovaHva};
constexpr StoreId kOnlyTree{StoreKind::kIovaOnly};
constexpr StoreId kGpaTree{StoreKind::kGpaIova};
constexpr StoreId kTaddrTree{StoreKind::kIovaTaddr};

bool Valid(uint64_t translated_addr, const DmaMap& map) {
  return translated_addr + map.size >= translated_addr && map.perm != kPermNone;
}

// Allocates in the IOVA-only tree, whose nodes translate to nothing.
int AllocIovaOnly(Sink& sink, IovaRange range, DmaMap* map) {
  DmaMap only = *map;
  only.translated_addr = 0;
  only.id = 0;
  const int ret =
      IovaTreeAllocMap(sink, kOnlyTree, &only, range.first, range.last);
  map->iova = only.iova;
  return ret;
}

int GpaTreeInsert(Sink& sink, const DmaMap& map) {
  const uint64_t gpa_last = map.translated_addr + map.size;
  if (sink.table(kGpaTree).FirstIn(map.translated_addr, gpa_last)) {
    return kIovaErrOverlap;
  }
  const Entry entry{.first = map.translated_addr,
                    .last = gpa_last,
                    .target = map.iova,
                    .perm = map.perm};
  sink.Add(kGpaTree, entry, Rule::kTreeInsert, Actor::kVmm);
  return kIovaOk;
}

}  // namespace

IovaRange EffectiveIovaRange(uint64_t first, uint64_t last) {
  return {std::max(first, kPageSize), last};
}

int VhostIovaTree72MapAlloc(Sink& sink, IovaRange range, DmaMap* map) {
  if (!Valid(map->translated_addr, *map)) return kIovaErrInvalid;
  return IovaTreeAllocMap(sink, kHvaTree, map, range.first, range.last);
}

IovaFound VhostIovaTree72FindIova(const Stores& stores, uint64_t id,
                                  uint64_t translated_addr, uint64_t size) {
  return IovaTreeFindIova(stores.Get(kHvaTree), id, translated_addr, size);
}

uint64_t VhostIovaTree72Remove(Sink& sink, uint64_t iova, uint64_t size) {
  return RemoveTouching(sink, kHvaTree, iova, size);
}

int VhostIovaTree100MapAlloc(Sink& sink, IovaRange range, DmaMap* map) {
  if (!Valid(map->translated_addr, *map)) return kIovaErrInvalid;
  const int ret = AllocIovaOnly(sink, range, map);
  if (ret != kIovaOk) return ret;
  return IovaTreeInsert(sink, kTaddrTree, *map);
}

int VhostIovaTree100MapAllocGpa(Sink& sink, IovaRange range, DmaMap* map,
                                uint64_t gpa) {
  if (!Valid(gpa, *map)) return kIovaErrInvalid;
  const int ret = AllocIovaOnly(sink, range, map);
  if (ret != kIovaOk) return ret;
  map->translated_addr = gpa;
  return GpaTreeInsert(sink, *map);
}

IovaFound VhostIovaTree100FindIova(const Stores& stores,
                                   uint64_t translated_addr, uint64_t size) {
  return IovaTreeFindIova(stores.Get(kTaddrTree), 0, translated_addr, size);
}

IovaFound VhostIovaTree100FindGpa(const Stores& stores, uint64_t gpa,
                                  uint64_t size) {
  const IntervalTable& table = stores.Get(kGpaTree);
  const std::optional<Entry> entry = FirstTouching(table, gpa, gpa + size);
  if (!entry) return {std::nullopt, table.size()};
  const DmaMap map{.iova = entry->target,
                   .translated_addr = entry->first,
                   .size = entry->last - entry->first,
                   .perm = entry->perm};
  return {map, table.CountThrough(entry->first)};
}

uint64_t VhostIovaTree100Remove(Sink& sink, uint64_t iova, uint64_t size) {
  return RemoveTouching(sink, kTaddrTree, iova, size) +
         RemoveTouching(sink, kOnlyTree, iova, size);
}

uint64_t VhostIovaTree100RemoveGpa(Sink& sink, uint64_t iova, uint64_t gpa,
                                   uint64_t size, Rule rule) {
  return RemoveTouching(sink, kGpaTree, gpa, size, rule) +
         RemoveTouching(sink, kOnlyTree, iova, size, rule);
}

}  // namespace iovalab
