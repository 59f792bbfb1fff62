#include "model/iommu/walk_cache.h"

namespace iovalab {

void FillWalkCache(Iotlb& walk, uint32_t domain, const PageTable& table,
                   uint64_t iova, int leaf_level) {
  const Format& f = table.format();
  const uint64_t position = f.Position(iova);
  const IotlbEntry* known = walk.Find(domain, kNoPasid, iova);
  const int top = known == nullptr ? 64 : known->shift;
  for (int level = f.root_level(); level > leaf_level; --level) {
    const int shift = f.Shift(level);
    if (shift >= top || (walk.shape().shifts & ShiftBit(shift)) == 0) continue;
    IotlbEntry e;
    e.first = iova & ~(ShiftBit(shift) - 1);
    e.shift = static_cast<uint8_t>(shift);
    e.target = table.TableAddress(level - 1, position);
    e.domain = domain;
    e.perm = static_cast<uint8_t>(kAccessRead | kAccessWrite);
    e.generation = table.generation();
    walk.Insert(e, iova);
  }
}

std::optional<int> LowestPointer(const Iotlb& walk, const Format& format,
                                 int leaf_level) {
  for (int l = leaf_level + 1; l <= format.root_level(); ++l) {
    if ((walk.shape().shifts & ShiftBit(format.Shift(l))) != 0) {
      return format.Shift(l);
    }
  }
  return std::nullopt;
}

std::optional<int> GoneTable(const PageTable& table, int shift, uint64_t iova) {
  const Format& f = table.format();
  int level = f.root_level();
  while (f.Shift(level) != shift) --level;
  if (table.KindOf(level, f.Position(iova)) == EntryKind::kTable) {
    return std::nullopt;
  }
  return level - 1;
}

std::optional<int> FreedTable(Iotlb& walk, uint32_t domain,
                              const PageTable& table, uint64_t iova) {
  if (walk.size() == 0) return std::nullopt;
  const IotlbEntry* e = walk.Find(domain, kNoPasid, iova);
  if (e == nullptr) return std::nullopt;
  return GoneTable(table, e->shift, iova);
}

}  // namespace iovalab
