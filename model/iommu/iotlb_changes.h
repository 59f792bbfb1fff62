#ifndef IOVALAB_MODEL_IOMMU_IOTLB_CHANGES_H_
#define IOVALAB_MODEL_IOMMU_IOTLB_CHANGES_H_

// IotlbChanges: which keys of a cache came, went or changed since somebody last
// looked.
//
// Not for: what the entries are now (Iotlb::Exact).
//
// Invariant: the size is at most a few times the cache's capacity, however
// often entries come and go: keys that came and are gone again are forgotten.

#include <cstddef>
#include <vector>

#include "model/iommu/iotlb_entry.h"

namespace iovalab {

class IotlbChanges {
 public:
  // From now on changes of a cache of so many entries are kept.
  void Start(size_t capacity) { most_ = 4 * capacity + 16; }
  // An entry with this key was there before (`was`) and is there now (`is`).
  void Note(const IotlbEntry& key, bool was, bool is) {
    if (most_ == 0) return;
    changes_.push_back({key, was, is});
    if (changes_.size() > most_) Compact();
  }
  // The keys since the last time. A key may come more than once.
  std::vector<IotlbEntry> Take();

  size_t size() const { return changes_.size(); }

 private:
  struct Change {
    IotlbEntry key;
    bool was, is;
  };
  // One change a key: at most the capacity's worth was there, and as many are.
  void Compact();

  size_t most_ = 0;
  std::vector<Change> changes_;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_IOTLB_CHANGES_H_
