#ifndef IOVALAB_MODEL_IOMMU_IOTLB_ENTRY_H_
#define IOVALAB_MODEL_IOMMU_IOTLB_ENTRY_H_

// IotlbEntry: one translation as a cache keeps it.
//
// Not for: leaves of tables (leaf_run.h).

#include <cstdint>

namespace iovalab {

// Of a request without PASID.
inline constexpr uint32_t kNoPasid = UINT32_MAX;

struct IotlbEntry {
  uint64_t first = 0;   // IOVA, aligned to 2^shift
  uint64_t target = 0;  // output address; page-walk cache: of the table
  uint32_t domain = 0;
  uint32_t pasid = kNoPasid;
  uint8_t shift = 12;  // log2 of its size, 0 to 63
  uint8_t perm = 0;    // bits of what is granted: 1 read, 2 write, 4 execute
  uint64_t generation = 0;  // of the table when it was walked

  uint64_t last() const { return first + ((uint64_t{1} << shift) - 1); }
  friend bool operator==(const IotlbEntry&, const IotlbEntry&) = default;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_IOTLB_ENTRY_H_
