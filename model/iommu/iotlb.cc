#include "model/iommu/iotlb.h"

#include "sim/check.h"

namespace iovalab {
namespace {

uint64_t Base(uint64_t iova, int shift) {
  return iova & ~((uint64_t{1} << shift) - 1);
}

// Of (domain, PASID, first, shift): one multiplication mixes, one folds.
uint32_t Hash(uint32_t domain, uint32_t pasid, uint64_t first, uint8_t shift) {
  uint64_t x = first >> shift;
  x ^= (uint64_t{domain} << 40) ^ (uint64_t{pasid} << 20) ^
       (uint64_t{shift} << 58);
  x *= 0x9e3779b97f4a7c15;
  return static_cast<uint32_t>(x >> 32);
}

bool Same(const IotlbEntry& e, uint32_t domain, uint32_t pasid, uint64_t first,
          uint8_t shift) {
  return e.first == first && e.shift == shift && e.domain == domain &&
         e.pasid == pasid;
}

}  // namespace

Iotlb::Iotlb(const IotlbShape& shape) : shape_(shape) {
  sim::Check(CheckIotlbShape(shape).ok(), "an IOTLB's shape is checked before");
  slots_.resize(size_t{shape.sets} * shape.ways);
  oldest_.resize(shape.sets);
  newest_.resize(shape.sets);
  uint32_t buckets = 2;
  while (buckets < slots_.size() * 2) buckets *= 2;
  buckets_.resize(buckets);
  bucket_mask_ = buckets - 1;
  Clear();
}

void Iotlb::Clear() {
  for (Slot& slot : slots_) {
    if (slot.used) changes_.Note(slot.entry, true, false);
    slot = {};
  }
  for (uint32_t set = 0; set < shape_.sets; ++set) {
    const uint32_t first = set * shape_.ways;
    oldest_[set] = first;
    newest_[set] = first + shape_.ways - 1;
    for (uint32_t i = first; i < first + shape_.ways; ++i) {
      slots_[i].older = i == first ? kNone : i - 1;
      slots_[i].newer = i + 1 == first + shape_.ways ? kNone : i + 1;
    }
  }
  for (Bucket& bucket : buckets_) bucket.slot = kNone;
  for (uint32_t& count : of_shift_) count = 0;
  shifts_ = 0;
  size_ = 0;
}

uint32_t Iotlb::Set(const IotlbEntry& e) const {
  return static_cast<uint32_t>(e.first >> e.shift) & (shape_.sets - 1);
}

uint32_t Iotlb::FindBucket(uint32_t domain, uint32_t pasid, uint64_t first,
                           uint8_t shift) const {
  const uint32_t hash = Hash(domain, pasid, first, shift);
  for (uint32_t b = hash & bucket_mask_;; b = (b + 1) & bucket_mask_) {
    const Bucket& bucket = buckets_[b];
    if (bucket.slot == kNone) return kNone;
    if (bucket.hash == hash &&
        Same(slots_[bucket.slot].entry, domain, pasid, first, shift)) {
      return b;
    }
  }
}

uint32_t Iotlb::Lookup(uint32_t domain, uint32_t pasid, uint64_t iova) const {
  for (uint64_t left = shifts_; left != 0; left &= left - 1) {
    const uint8_t shift = static_cast<uint8_t>(__builtin_ctzll(left));
    const uint32_t b = FindBucket(domain, pasid, Base(iova, shift), shift);
    if (b != kNone) return buckets_[b].slot;
  }
  return kNone;
}

const IotlbEntry* Iotlb::Find(uint32_t domain, uint32_t pasid, uint64_t iova) {
  const uint32_t slot = Lookup(domain, pasid, iova);
  if (slot == kNone) return nullptr;
  if (shape_.replacement == IotlbReplacement::kLru &&
      slots_[slot].newer != kNone) {
    MoveToNewest(slot);
  }
  return &slots_[slot].entry;
}

const IotlbEntry* Iotlb::Peek(uint32_t domain, uint32_t pasid,
                              uint64_t iova) const {
  const uint32_t slot = Lookup(domain, pasid, iova);
  return slot == kNone ? nullptr : &slots_[slot].entry;
}

void Iotlb::Unlink(uint32_t slot) {
  const Slot& s = slots_[slot];
  const uint32_t set = slot / shape_.ways;
  (s.older == kNone ? oldest_[set] : slots_[s.older].newer) = s.newer;
  (s.newer == kNone ? newest_[set] : slots_[s.newer].older) = s.older;
}

void Iotlb::MoveToNewest(uint32_t slot) {
  Unlink(slot);
  const uint32_t set = slot / shape_.ways;
  const uint32_t before = newest_[set];
  slots_[slot].older = before;
  slots_[slot].newer = kNone;
  (before == kNone ? oldest_[set] : slots_[before].newer) = slot;
  newest_[set] = slot;
}

void Iotlb::MoveToOldest(uint32_t slot) {
  Unlink(slot);
  const uint32_t set = slot / shape_.ways;
  const uint32_t after = oldest_[set];
  slots_[slot].newer = after;
  slots_[slot].older = kNone;
  (after == kNone ? newest_[set] : slots_[after].older) = slot;
  oldest_[set] = slot;
}

void Iotlb::Insert(const IotlbEntry& entry, uint64_t iova) {
  sim::Check(entry.perm != 0, "an entry that grants nothing is never cached");
  sim::Check(entry.shift < 64 && entry.first == Base(iova, entry.shift),
             "the entry holds the address that was walked for");
  const std::optional<int> shift = KeptShift(shape_, entry.shift);
  if (!shift) return;
  IotlbEntry e = entry;
  e.shift = static_cast<uint8_t>(*shift);
  e.first = Base(iova, e.shift);
  e.target += e.first - entry.first;

  const uint32_t b = FindBucket(e.domain, e.pasid, e.first, e.shift);
  if (b != kNone) {
    slots_[buckets_[b].slot].entry = e;
    changes_.Note(e, true, true);
    MoveToNewest(buckets_[b].slot);
    return;
  }
  if (shape_.replacement == IotlbReplacement::kClear &&
      size_ == slots_.size()) {
    evictions_ += size_;
    Clear();
  }
  // Free slots are the oldest of their set.
  const uint32_t slot = oldest_[Set(e)];
  if (slots_[slot].used) {
    ++evictions_;
    Remove(slot);
  }
  Place(slot, e);
}

void Iotlb::Place(uint32_t slot, const IotlbEntry& e) {
  slots_[slot].entry = e;
  slots_[slot].used = true;
  changes_.Note(e, false, true);
  MoveToNewest(slot);
  const uint32_t hash = Hash(e.domain, e.pasid, e.first, e.shift);
  uint32_t b = hash & bucket_mask_;
  while (buckets_[b].slot != kNone) b = (b + 1) & bucket_mask_;
  buckets_[b] = {hash, slot};
  shifts_ |= ShiftBit(e.shift);
  ++of_shift_[e.shift];
  ++size_;
}

void Iotlb::Remove(uint32_t slot) {
  const IotlbEntry& e = slots_[slot].entry;
  changes_.Note(e, true, false);
  EraseBucket(FindBucket(e.domain, e.pasid, e.first, e.shift));
  if (--of_shift_[e.shift] == 0) shifts_ &= ~ShiftBit(e.shift);
  slots_[slot].used = false;
  MoveToOldest(slot);
  --size_;
}

// Later entries of the probe sequence move up into the gap.
void Iotlb::EraseBucket(uint32_t gap) {
  for (uint32_t b = (gap + 1) & bucket_mask_; buckets_[b].slot != kNone;
       b = (b + 1) & bucket_mask_) {
    const uint32_t home = buckets_[b].hash & bucket_mask_;
    if (((b - home) & bucket_mask_) < ((b - gap) & bucket_mask_)) continue;
    buckets_[gap] = buckets_[b];
    gap = b;
  }
  buckets_[gap].slot = kNone;
}

bool Iotlb::Matches(const IotlbEntry& e, const IotlbMatch& m) const {
  if (!m.any_domain && e.domain != m.domain) return false;
  if (!m.any_pasid && e.pasid != m.pasid) return false;
  if (m.any_address) return true;
  const int meant = m.mask >= 52 ? 63 : 12 + m.mask;
  if (m.mask < 52 && shape_.compared == UINT64_MAX) {
    // Aligned powers of two overlap only where the larger holds the smaller.
    const int larger = e.shift > meant ? e.shift : meant;
    if ((e.first ^ m.address) >> larger != 0) return false;
    return e.shift <= meant || shape_.partial == IotlbPartial::kOverlap;
  }
  if (e.shift > meant && shape_.partial == IotlbPartial::kCovered) return false;
  // Page numbers, and of them the compared bits.
  const uint64_t pages = m.mask >= 52 ? 0 : UINT64_MAX << m.mask;
  const uint64_t mask = pages & shape_.compared;
  if ((((e.first ^ m.address) >> 12) & mask) == 0) return true;
  return e.first == Base(m.address, e.shift);
}

uint64_t Iotlb::Invalidate(const IotlbMatch& match) {
  const uint32_t before = size_;
  // One page, as a strict unmap asks: a probe for each size, not a scan.
  if (!match.any_domain && !match.any_pasid && !match.any_address &&
      match.mask == 0 && shape_.compared == UINT64_MAX) {
    for (uint64_t left = shifts_; left != 0; left &= left - 1) {
      const uint8_t shift = static_cast<uint8_t>(__builtin_ctzll(left));
      const uint32_t b = FindBucket(match.domain, match.pasid,
                                    Base(match.address, shift), shift);
      if (b == kNone) continue;
      const uint32_t slot = buckets_[b].slot;
      if (Matches(slots_[slot].entry, match)) Remove(slot);
    }
    return before - size_;
  }
  for (uint32_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].used && Matches(slots_[slot].entry, match)) Remove(slot);
  }
  return before - size_;
}

void Iotlb::Erase(const IotlbEntry& e) {
  const uint32_t b = FindBucket(e.domain, e.pasid, e.first, e.shift);
  sim::Check(b != kNone, "an entry that is erased is there");
  Remove(buckets_[b].slot);
}

const IotlbEntry* Iotlb::Exact(const IotlbEntry& key) const {
  const uint32_t b = FindBucket(key.domain, key.pasid, key.first, key.shift);
  return b == kNone ? nullptr : &slots_[buckets_[b].slot].entry;
}

std::optional<uint64_t> Iotlb::FirstUpTo(int shift, uint32_t domain,
                                         uint64_t from, uint64_t to) const {
  std::optional<uint64_t> lowest;
  if ((shifts_ & (UINT64_MAX >> (63 - shift))) == 0) return lowest;
  for (const Slot& slot : slots_) {
    const IotlbEntry& e = slot.entry;
    if (!slot.used || e.shift > shift || e.domain != domain ||
        e.pasid != kNoPasid || e.first < from || e.first > to) {
      continue;
    }
    if (!lowest || e.first < *lowest) lowest = e.first;
  }
  return lowest;
}

std::vector<IotlbEntry> Iotlb::Entries() const {
  std::vector<IotlbEntry> entries;
  for (const Slot& slot : slots_) {
    if (slot.used) entries.push_back(slot.entry);
  }
  return entries;
}

}  // namespace iovalab
