#ifndef IOVALAB_MODEL_IOMMU_REFERENCE_IOTLB_H_
#define IOVALAB_MODEL_IOMMU_REFERENCE_IOTLB_H_

// ReferenceIotlb: Iotlb's contract over a list of entries in the order of their
// age: obvious and slow.
//
// Not for: anything but tests and benchmarks.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "model/iommu/iotlb.h"

namespace iovalab {

class ReferenceIotlb {
 public:
  explicit ReferenceIotlb(const IotlbShape& shape) : shape_(shape) {}

  const IotlbEntry* Find(uint32_t domain, uint32_t pasid, uint64_t iova) {
    size_t best = entries_.size();
    for (size_t i = 0; i < entries_.size(); ++i) {
      const IotlbEntry& e = entries_[i];
      if (e.domain != domain || e.pasid != pasid) continue;
      if (iova < e.first || iova > e.last()) continue;
      if (best == entries_.size() || e.shift < entries_[best].shift) best = i;
    }
    if (best == entries_.size()) return nullptr;
    if (shape_.replacement == IotlbReplacement::kLru) {
      std::rotate(entries_.begin() + best, entries_.begin() + best + 1,
                  entries_.end());
      best = entries_.size() - 1;
    }
    return &entries_[best];
  }

  void Insert(IotlbEntry e, uint64_t iova) {
    int shift = e.shift;
    while (shift >= 0 && (shape_.shifts >> shift & 1) == 0) --shift;
    if (shift < 0) return;
    const uint64_t size = uint64_t{1} << shift;
    const uint64_t first = iova / size * size;
    e.target += first - e.first;
    e.first = first;
    e.shift = static_cast<uint8_t>(shift);
    for (size_t i = 0; i < entries_.size(); ++i) {
      const IotlbEntry& o = entries_[i];
      if (o.first == e.first && o.shift == e.shift && o.domain == e.domain &&
          o.pasid == e.pasid) {
        entries_.erase(entries_.begin() + i);
        break;
      }
    }
    MakeRoom(e);
    entries_.push_back(e);
  }

  void Invalidate(const IotlbMatch& m) {
    std::vector<IotlbEntry> kept;
    for (const IotlbEntry& e : entries_) {
      if (!Goes(e, m)) kept.push_back(e);
    }
    entries_ = kept;
  }

  std::vector<IotlbEntry> Entries() const { return entries_; }

 private:
  uint64_t SetOf(const IotlbEntry& e) const {
    return (e.first >> e.shift) % shape_.sets;
  }

  void MakeRoom(const IotlbEntry& e) {
    size_t there = 0;
    for (const IotlbEntry& o : entries_) there += SetOf(o) == SetOf(e);
    if (there < shape_.ways) return;
    if (shape_.replacement == IotlbReplacement::kClear) {
      entries_.clear();
      return;
    }
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (SetOf(entries_[i]) != SetOf(e)) continue;
      entries_.erase(entries_.begin() + i);
      return;
    }
  }

  bool Goes(const IotlbEntry& e, const IotlbMatch& m) const {
    if (!m.any_domain && e.domain != m.domain) return false;
    if (!m.any_pasid && e.pasid != m.pasid) return false;
    if (m.any_address) return true;
    if (m.mask >= 52) return true;
    const uint64_t pages = uint64_t{1} << m.mask;
    const uint64_t first = m.address / 4096 / pages * pages;  // page numbers
    const uint64_t last = first + pages - 1;
    const uint64_t e_first = e.first / 4096, e_last = e.last() / 4096;
    const bool larger = e_last - e_first > last - first;
    if (shape_.partial == IotlbPartial::kCovered && larger) return false;
    if (first <= e_last && e_first <= last) return true;
    // Pages that look the same in the bits that are compared.
    return ((e_first ^ first) & shape_.compared & ~(pages - 1)) == 0;
  }

  IotlbShape shape_;
  std::vector<IotlbEntry> entries_;  // the oldest first
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_REFERENCE_IOTLB_H_
