#ifndef IOVALAB_MODEL_IOMMU_TRANSLATION_UNIT_SLOW_H_
#define IOVALAB_MODEL_IOMMU_TRANSLATION_UNIT_SLOW_H_

// SlowUnit: TranslationUnit's contract page by page: every page of 4 KiB of an
// access asks the caches by itself, however long the access is. Obvious and
// slow.
//
// Not for: anything but tests.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/iommu/page_table_source.h"
#include "model/iommu/translation_unit.h"

namespace iovalab {

struct SlowUnit {
  struct Result {
    bool ok = false;
    bool stale = false;
    uint64_t pa = 0;
    uint64_t last = 0;
    IommuFault reason = IommuFault::kNone;
  };

  SlowUnit(const UnitShape& shape, uint32_t source_id)
      : caches{Iotlb(shape.iotlb), Iotlb(shape.walk), {}} {
    if (shape.atc) caches.devices.push_back({source_id, Iotlb(*shape.atc)});
  }

  // As Translate.
  Result Access(const PageTable& table, uint64_t iova, uint64_t last,
                uint32_t access) {
    const Walked walk = WalkTable(table, iova, {.access = access});
    if (const auto old = OldOf(walk, iova, access)) {
      return {true, true, old->target + (iova - old->first), OldEnd(iova, last),
              IommuFault::kNone};
    }
    if (!Cached(iova)) {
      if (UsesFreed(table, iova)) {
        return {false, walk.ok, 0, iova,
                walk.ok ? IommuFault::kNotPresent : walk.reason};
      }
    }
    if (!walk.ok) return {false, false, 0, iova, walk.reason};
    uint64_t reached = iova;
    for (uint64_t at = iova; Page(table, at, access);) {
      reached = at | 0xfff;
      if (reached >= last) break;
      at = reached + 1;
    }
    return {true, false, walk.pa, std::min(reached, last), IommuFault::kNone};
  }

  IommuCaches caches;
  StaleWindow window;

 private:
  std::vector<Iotlb*> Order() {
    std::vector<Iotlb*> order;
    if (!caches.devices.empty()) order.push_back(&caches.devices[0].atc);
    order.push_back(&caches.iotlb);
    return order;
  }

  const IotlbEntry* Cached(uint64_t iova) {
    for (Iotlb* cache : Order()) {
      if (const IotlbEntry* e = cache->Peek(0, kNoPasid, iova)) return e;
    }
    return nullptr;
  }

  // The old translation that hardware uses. What it does not use goes, up to
  // one that is right.
  std::optional<IotlbEntry> OldOf(const Walked& walk, uint64_t iova,
                                  uint32_t access) {
    std::vector<Iotlb*> passed;
    for (Iotlb* cache : Order()) {
      while (cache->Find(0, kNoPasid, iova) != nullptr) {
        const IotlbEntry e = *cache->Find(0, kNoPasid, iova);
        const bool suffices = (e.perm & access) != 0;
        if (suffices && walk.ok && walk.pa == e.target + (iova - e.first)) {
          return std::nullopt;
        }
        if (suffices && window.UsesOld()) {
          std::reverse(passed.begin(), passed.end());
          for (Iotlb* before : passed) before->Insert(e, iova);
          return e;
        }
        cache->Erase(e);
      }
      passed.push_back(cache);
    }
    return std::nullopt;
  }

  // How far the same entry answers.
  uint64_t OldEnd(uint64_t iova, uint64_t last) {
    const IotlbEntry e = *Cached(iova);
    uint64_t end = iova | 0xfff;
    while (end < last && Cached(end + 1) != nullptr && *Cached(end + 1) == e) {
      end = (end + 1) | 0xfff;
    }
    return std::min(end, last);
  }

  // A pointer to a table that is no more, of the walk cache.
  std::optional<IotlbEntry> Dangling(const PageTable& table, uint64_t iova) {
    const IotlbEntry* e = caches.walk.Find(0, kNoPasid, iova);
    if (e == nullptr) return std::nullopt;
    const Format& f = table.format();
    for (int level = 1; level < f.levels; ++level) {
      if (f.Shift(level) == e->shift &&
          table.KindOf(level, f.Position(iova)) == EntryKind::kTable) {
        return std::nullopt;
      }
    }
    return *e;
  }

  bool UsesFreed(const PageTable& table, uint64_t iova) {
    while (const auto e = Dangling(table, iova)) {
      if (window.UsesOld()) return true;
      caches.walk.Erase(*e);
    }
    return false;
  }

  // One page by way of the caches; false where it is not as the tables say.
  bool Page(const PageTable& table, uint64_t iova, uint32_t access) {
    const Format& f = table.format();
    const FoundLeaf leaf = *table.Find(f.Position(iova));
    const uint64_t base = iova - f.Position(iova);
    IotlbEntry e;
    e.first = base + leaf.first;
    e.target = leaf.fields.address;
    e.shift = leaf.fields.size_bits;
    e.perm = static_cast<uint8_t>(leaf.fields.perm);
    e.generation = table.generation();
    std::vector<Iotlb*> missed;
    bool hit = false;
    for (Iotlb* cache : Order()) {
      while (cache->Find(0, kNoPasid, iova) != nullptr) {
        const IotlbEntry c = *cache->Find(0, kNoPasid, iova);
        if (c.target + (iova - c.first) != e.target + (iova - e.first)) {
          return false;
        }
        hit = (c.perm & access) != 0;
        if (hit) break;
        cache->Erase(c);
      }
      if (hit) break;
      missed.push_back(cache);
    }
    if (!hit) {
      if (Dangling(table, iova)) return false;
      Walks(table, iova, leaf.level);
    }
    std::reverse(missed.begin(), missed.end());
    for (Iotlb* cache : missed) cache->Insert(e, iova);
    return true;
  }

  // Keeps the pointers read on the way from the lowest known one.
  void Walks(const PageTable& table, uint64_t iova, int leaf_level) {
    const Format& f = table.format();
    const IotlbEntry* known = caches.walk.Find(0, kNoPasid, iova);
    const int below = known == nullptr ? 64 : known->shift;
    for (int level = f.levels - 1; level > leaf_level; --level) {
      const int shift = f.Shift(level);
      if (shift >= below || shift > 63) continue;
      if ((caches.walk.shape().shifts >> shift & 1) == 0) continue;
      IotlbEntry e;
      e.first = iova >> shift << shift;
      e.shift = static_cast<uint8_t>(shift);
      e.target = table.TableAddress(level - 1, f.Position(iova));
      e.perm = 3;
      e.generation = table.generation();
      caches.walk.Insert(e, iova);
    }
  }
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_TRANSLATION_UNIT_SLOW_H_
