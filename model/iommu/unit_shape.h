#ifndef IOVALAB_MODEL_IOMMU_UNIT_SHAPE_H_
#define IOVALAB_MODEL_IOMMU_UNIT_SHAPE_H_

// UnitShape: which caches and which queue the hardware between a device and
// memory has.
//
// Not for: their contents (translation_unit.h).

#include <optional>

#include "absl/status/status.h"
#include "model/iommu/invalidation_queue.h"
#include "model/iommu/iotlb_shape.h"
#include "model/scenario.h"

namespace iovalab {

struct UnitShape {
  IotlbShape iotlb = IotlbShapeOf("iotlb");
  IotlbShape walk = IotlbShapeOf("none");  // page-walk cache
  std::optional<IotlbShape> atc = {};      // the device's own
  InvalidationQueueShape queue = {};

  friend bool operator==(const UnitShape&, const UnitShape&) = default;
};

// A cache of a unit has fewer entries than others, since a long access touches
// that many.
inline constexpr uint32_t kMaxUnitEntries = 4096;

// InvalidArgument that names the field and what it may be. The page-walk cache
// is not one that is emptied when it is full. The device's own
// cache, where there is one, keeps entries of 2 MiB, or the IOTLB none larger
// than it does.
absl::Status CheckUnitShape(const UnitShape& shape);

// What a cache is like that a scenario describes. `like` is a name of one.
IotlbShape CacheShapeOf(const CacheSpec& spec);
UnitShape UnitShapeOf(const IommuSpec& spec);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_UNIT_SHAPE_H_
