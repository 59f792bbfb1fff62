#include "model/iommu/cache_stream.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "model/iommu/cache_path.h"
#include "model/iommu/walk_cache.h"

namespace iovalab {
namespace {

constexpr uint64_t kPageMask = 0xfff;
// To look for what caches have ahead costs a scan of each: not for less than
// so many pages or leaves.
constexpr uint64_t kWorthALook = 32;

// The first address at `at` or later that is a multiple of 2^shift; nothing
// where it is after `last`.
std::optional<uint64_t> NextMultiple(uint64_t at, int shift, uint64_t last) {
  const uint64_t mask = ShiftBit(shift) - 1;
  if ((at & mask) == 0) return at;
  if ((at | mask) >= last) return std::nullopt;
  return (at | mask) + 1;
}

// A cache that nobody else disturbs gets an entry at `from` and each 2^shift
// bytes after it; `touch` gives it one. After entries * 2 of them there is
// nothing older in any set that they come to, and the state is the same but for
// the addresses after a multiple of that. (A cache that is emptied when full
// has a power of two of ways, see CheckUnitShape. Pointers of upper levels come
// among those of the lowest, at the same times whatever was there before.)
template <typename Fn>
void Stream(const Iotlb& cache, int shift, uint64_t from, uint64_t last,
            Fn touch) {
  const uint64_t entries =
      uint64_t{cache.shape().sets} * cache.shape().ways * 2;
  const int turns = std::bit_width(entries - 1);
  const uint64_t period = ShiftBit(std::min(63, shift + turns));
  const uint64_t step = ShiftBit(shift);
  bool skipped = false;
  for (uint64_t at = from;;) {
    touch(at);
    if (last - at < step) return;
    at += step;
    if (!skipped && at - from >= period && (last - at) / period > 1) {
      at += ((last - at) / period - 1) * period;
      skipped = true;
    }
  }
}

// The leaves of one run, touched by one access.
class RunToucher {
 public:
  RunToucher(IommuCaches& caches, uint32_t domain, const PageTable& table,
             const LeafRun& run, uint32_t access)
      : path_(caches),
        walk_(caches.walk),
        domain_(domain),
        table_(table),
        run_(run),
        level_(table.format().LeafLevel(run.size_bits)),
        access_(access) {
    for (int i = path_.count; i-- > 0;) {
      const auto kept = KeptShift(path_.cache[i]->shape(), run.size_bits);
      if (kept) step_ = *kept;
    }
  }

  // As TouchLeaves, of [from, to].
  uint64_t Touch(uint64_t from, uint64_t to) {
    for (uint64_t at = from;;) {
      const std::optional<int> asked = TouchLeaf(at);
      if (!asked) return at - 1;
      const uint64_t end = Answered(at, *asked, to);
      if (end == to) return to;
      at = end + 1;
      if ((to - at) >> step_ < kWorthALook) continue;
      const uint64_t clear = ClearTo(at, *asked, to);
      if (clear < at) continue;
      StreamAll(at, clear, *asked);
      if (clear == to) return to;
      at = clear + 1;
    }
  }

 private:
  IotlbEntry LeafAt(uint64_t iova) const {
    IotlbEntry leaf;
    leaf.first = iova & ~(ShiftBit(run_.size_bits) - 1);
    leaf.target = run_.address + (run_.constant ? 0 : leaf.first - run_.first);
    leaf.domain = domain_;
    leaf.shift = run_.size_bits;
    leaf.perm = static_cast<uint8_t>(run_.perm);
    leaf.generation = table_.generation();
    return leaf;
  }

  // A leaf's access by way of the caches, each of which keeps it afterwards.
  // How many did not have it: all, where it was walked. Nothing where a cache
  // has something else, or a walk would read a freed table.
  std::optional<int> TouchLeaf(uint64_t iova) {
    const IotlbEntry leaf = LeafAt(iova);
    int missed = 0;
    for (; missed < path_.count; ++missed) {
      Iotlb& cache = *path_.cache[missed];
      const IotlbEntry* hit = nullptr;
      // An entry that goes may have hidden a larger one.
      while ((hit = cache.Find(domain_, kNoPasid, iova)) != nullptr) {
        if (TargetAt(*hit, iova) != TargetAt(leaf, iova)) return std::nullopt;
        if ((hit->perm & access_) != 0) break;
        const IotlbEntry narrow = *hit;
        cache.Erase(narrow);
      }
      if (hit != nullptr) break;
    }
    if (missed == path_.count) {
      if (FreedTable(walk_, domain_, table_, iova)) return std::nullopt;
      FillWalkCache(walk_, domain_, table_, iova, level_);
    }
    for (int i = missed; i-- > 0;) path_.cache[i]->Insert(leaf, iova);
    return missed;
  }

  // From `at` to here the answer of the first cache that has one by now is the
  // same entry; a page where none keeps any.
  uint64_t Answered(uint64_t at, int missed, uint64_t to) const {
    if (run_.constant) to = std::min(to, at | (ShiftBit(step_) - 1));
    for (int i = 0; i < path_.count; ++i) {
      const IotlbEntry* e = path_.cache[i]->Peek(domain_, kNoPasid, at);
      if (e != nullptr) return InEntry(*path_.cache[i], *e, at, to);
    }
    return missed == path_.count ? std::min(to, at | kPageMask) : to;
  }

  // From `at` to here, `to` at most, the first `missed` caches have nothing but
  // what the leaf before gave them, and the next one answers by one entry.
  // Before `at` where there is no such stretch.
  uint64_t ClearTo(uint64_t at, int missed, uint64_t to) const {
    const auto bound = [&](std::optional<uint64_t> first) {
      if (first) to = std::min(to, *first - 1);
    };
    for (int i = 0; i < missed; ++i) {
      bound(path_.cache[i]->FirstUpTo(63, domain_, at, to));
      if (to < at) return to;
    }
    if (missed < path_.count) {
      const Iotlb& cache = *path_.cache[missed];
      const IotlbEntry* e = cache.Peek(domain_, kNoPasid, at);
      if (e == nullptr || (e->perm & access_) == 0) return at - 1;
      // Leaves with the same target agree with an entry once.
      if (run_.constant || TargetAt(*e, at) != TargetAt(LeafAt(at), at)) {
        return at - 1;
      }
      return InEntry(cache, *e, at, to);
    }
    // A pointer for a leaf's level or below is to a table that is no more.
    bound(walk_.FirstUpTo(table_.format().Shift(level_), domain_, at, to));
    return to;
  }

  // What no cache in front of the one that answers has anything of.
  void StreamAll(uint64_t at, uint64_t to, int missed) {
    for (int i = 0; i < missed; ++i) {
      Iotlb& cache = *path_.cache[i];
      const auto kept = KeptShift(cache.shape(), run_.size_bits);
      if (!kept) continue;
      const int shift = std::max(*kept, step_);
      const auto from = NextMultiple(at, shift, to);
      if (!from) continue;
      Stream(cache, shift, *from, to,
             [&](uint64_t iova) { cache.Insert(LeafAt(iova), iova); });
    }
    if (missed < path_.count) {
      path_.cache[missed]->Find(domain_, kNoPasid, at);  // is used
      return;
    }
    const auto pointer = LowestPointer(walk_, table_.format(), level_);
    if (!pointer) return;
    const auto from = NextMultiple(at, *pointer, to);
    if (!from) return;
    Stream(walk_, *pointer, *from, to, [&](uint64_t iova) {
      FillWalkCache(walk_, domain_, table_, iova, level_);
    });
  }

  CachePath path_;
  Iotlb& walk_;
  uint32_t domain_;
  const PageTable& table_;
  const LeafRun& run_;
  int level_;
  uint32_t access_;
  // log2 of the bytes between two accesses of leaves that the first cache that
  // keeps them tells apart: where none does, each page is asked for.
  int step_ = 12;
};

}  // namespace

uint64_t TouchLeaves(IommuCaches& caches, uint32_t domain,
                     const PageTable& table, uint64_t iova, uint64_t last,
                     uint32_t access) {
  const Format& f = table.format();
  const uint64_t base = iova - f.Position(iova);
  uint64_t reached = last;
  table.ForEachRun(f.Position(iova), f.Position(last), [&](const LeafRun& r) {
    if (reached != last) return;
    LeafRun run = r;
    run.first += base;
    run.last += base;
    const uint64_t to = std::min(run.last, last);
    const uint64_t at = RunToucher(caches, domain, table, run, access)
                            .Touch(std::max(run.first, iova), to);
    if (at != to) reached = at;
  });
  return reached;
}

}  // namespace iovalab
