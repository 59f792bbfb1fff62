#include "model/iommu/iotlb_changes.h"

#include <algorithm>
#include <tuple>

namespace iovalab {
namespace {

auto Key(const IotlbEntry& e) {
  return std::tie(e.domain, e.pasid, e.shift, e.first);
}

}  // namespace

void IotlbChanges::Compact() {
  std::stable_sort(
      changes_.begin(), changes_.end(),
      [](const Change& a, const Change& b) { return Key(a.key) < Key(b.key); });
  size_t kept = 0;
  for (size_t i = 0; i < changes_.size();) {
    Change sum = changes_[i];
    for (++i; i < changes_.size() && Key(changes_[i].key) == Key(sum.key);
         ++i) {
      sum.is = changes_[i].is;
    }
    if (sum.was || sum.is) changes_[kept++] = sum;
  }
  changes_.resize(kept);
}

std::vector<IotlbEntry> IotlbChanges::Take() {
  std::vector<IotlbEntry> keys;
  keys.reserve(changes_.size());
  for (const Change& change : changes_) keys.push_back(change.key);
  changes_.clear();
  return keys;
}

}  // namespace iovalab
