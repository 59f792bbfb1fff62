#ifndef IOVALAB_MODEL_IOMMU_IOTLB_H_
#define IOVALAB_MODEL_IOMMU_IOTLB_H_

// Iotlb: a cache of translations as hardware keeps them: IOTLB, page-walk
// cache (its entries are tables instead of pages), a device's own cache (ATC).
// They differ by shape alone (iotlb_shape.h).
//
// Not for: deciding what a stale hit means (the caller compares generations),
// or when to invalidate (invalidation.h).
//
// Invariants: at most sets * ways entries, at most `ways` in a set; no two
// entries of one size overlap in one (domain, PASID); an entry grants some
// access: what is not mapped is never cached (RISC-V IOMMU spec, adopted as the
// contract of all: a new mapping needs no invalidation). Everything depends on
// the calls alone; a copy is a value copy. Look-ups cost a hash probe for each
// size of entry in the cache.

#include <cstdint>
#include <optional>
#include <vector>

#include "model/iommu/iotlb_changes.h"
#include "model/iommu/iotlb_entry.h"
#include "model/iommu/iotlb_shape.h"

namespace iovalab {

// Which entries an invalidation is for.
struct IotlbMatch {
  bool any_domain = false;
  uint32_t domain = 0;
  bool any_pasid = true;
  uint32_t pasid = kNoPasid;
  bool any_address = true;
  uint64_t address = 0;  // a byte of the pages meant
  uint8_t mask = 0;      // AM: 2^mask pages of 4 KiB, aligned
};

class Iotlb {
 public:
  explicit Iotlb(const IotlbShape& shape);

  // The entry for a byte, the smallest where several sizes have it; null on a
  // miss. Counts as a use. Whether its `perm` suffices is the caller's to see.
  // The pointer is good until the next call.
  const IotlbEntry* Find(uint32_t domain, uint32_t pasid, uint64_t iova);
  // The same without counting as a use.
  const IotlbEntry* Peek(uint32_t domain, uint32_t pasid, uint64_t iova) const;

  // After a walk for `iova` found `entry`. Sizes that the shape lacks are cut
  // to the largest that it has, around `iova`. An entry of the same page and
  // size is replaced. entry.perm != 0, and `iova` is in it.
  void Insert(const IotlbEntry& entry, uint64_t iova);

  // Removes what the shape's rules say that `match` is for; how many.
  uint64_t Invalidate(const IotlbMatch& match);
  // Removes one entry, which is there.
  void Erase(const IotlbEntry& entry);

  // The entry with this key (domain, PASID, first, shift); null where there is
  // none. Does not count as a use.
  const IotlbEntry* Exact(const IotlbEntry& key) const;
  // Where in [from, to] the lowest entry of the domain without PASID begins
  // that is of 2^shift bytes at most; nothing where there is none.
  std::optional<uint64_t> FirstUpTo(int shift, uint32_t domain, uint64_t from,
                                    uint64_t to) const;
  // For those who keep a record of the contents: from now on the key of every
  // entry that comes, goes or changes is kept, until it is taken. A key may
  // come more than once; they are O(capacity).
  void KeepChanges() { changes_.Start(slots_.size()); }
  std::vector<IotlbEntry> TakeChanges() { return changes_.Take(); }

  const IotlbShape& shape() const { return shape_; }
  uint32_t size() const { return size_; }
  uint64_t evictions() const { return evictions_; }
  // In the order of their slots.
  std::vector<IotlbEntry> Entries() const;

 private:
  struct Slot {
    IotlbEntry entry;
    bool used = false;
    uint32_t older = 0, newer = 0;  // in its set's list, by age
  };
  struct Bucket {
    uint32_t hash = 0;
    uint32_t slot = 0;
  };
  static constexpr uint32_t kNone = UINT32_MAX;

  uint32_t Set(const IotlbEntry& entry) const;
  uint32_t FindBucket(uint32_t domain, uint32_t pasid, uint64_t first,
                      uint8_t shift) const;
  uint32_t Lookup(uint32_t domain, uint32_t pasid, uint64_t iova) const;
  void MoveToNewest(uint32_t slot);
  void MoveToOldest(uint32_t slot);
  void Unlink(uint32_t slot);
  void Place(uint32_t slot, const IotlbEntry& entry);
  void Remove(uint32_t slot);
  void EraseBucket(uint32_t bucket);
  bool Matches(const IotlbEntry& entry, const IotlbMatch& match) const;
  void Clear();

  IotlbShape shape_;
  std::vector<Slot> slots_;       // set s has ways slots from s * ways
  std::vector<uint32_t> oldest_;  // of each set
  std::vector<uint32_t> newest_;
  std::vector<Bucket> buckets_;  // open addressing, at most half taken
  uint32_t bucket_mask_ = 0;
  uint64_t shifts_ = 0;  // bit s: entries of size 2^s are there
  uint32_t of_shift_[64] = {};
  uint32_t size_ = 0;
  uint64_t evictions_ = 0;
  IotlbChanges changes_;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_IOTLB_H_
