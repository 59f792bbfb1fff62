#ifndef IOVALAB_MODEL_IOMMU_CACHE_PATH_H_
#define IOVALAB_MODEL_IOMMU_CACHE_PATH_H_

// CachePath: the caches of translations that a device's access asks, in order.
//
// Not for: the cache of pointers, which a walk asks (walk_cache.h).

#include <algorithm>
#include <cstdint>

#include "model/iommu/invalidation.h"
#include "model/store/store_id.h"

namespace iovalab {

struct CachePath {
  Iotlb* cache[2];
  StoreKind kind[2];
  int count = 0;

  explicit CachePath(IommuCaches& caches) {
    for (IommuCaches::Device& device : caches.devices) {
      Add(device.atc, StoreKind::kAtc);
    }
    Add(caches.iotlb, StoreKind::kHwIotlb);
  }
  void Add(Iotlb& c, StoreKind k) {
    cache[count] = &c;
    kind[count++] = k;
  }
};

inline uint64_t TargetAt(const IotlbEntry& e, uint64_t iova) {
  return e.target + (iova - e.first);
}

// From `iova` to here, `end` at most, the cache answers by the entry that it
// has for `iova`: not by a smaller one, which comes before it.
inline uint64_t InEntry(const Iotlb& cache, const IotlbEntry& e, uint64_t iova,
                        uint64_t end) {
  end = std::min(end, e.last());
  if (end == iova) return end;
  const auto smaller = cache.FirstUpTo(e.shift - 1, e.domain, iova + 1, end);
  return smaller ? *smaller - 1 : end;
}

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_CACHE_PATH_H_
